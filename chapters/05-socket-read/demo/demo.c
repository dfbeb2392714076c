#include "demo.h"

#include <errno.h>
#include <string.h>

/* What to do about an error, where it leaves no doubt. */
static const char *advice_for(int error) {
    switch (-error) {
    case EMFILE:
        return " Raise the limit with 'ulimit -n'.";
    case ENFILE:
    case ENOMEM:
        return " Close some programs and try again.";
    case EDEADLK:
        return " No waker of the tasks is left: find out where it was lost.";
    default:
        return "";
    }
}

int demo_fail(Demo *demo, const char *what, int error) {
    log_line(&demo->errors, "%s: %s.%s", what, strerror(-error),
             advice_for(error));
    return 1;
}

int demo_fail_to_listen(Demo *demo, int error) {
    if (error == -EADDRINUSE) {
        log_line(&demo->errors,
                 "Port %u on 127.0.0.1 is in use by another program: choose "
                 "another one, or leave --port out.",
                 demo->port);
        return 1;
    }
    return demo_fail(demo, "The server cannot listen on 127.0.0.1", error);
}
