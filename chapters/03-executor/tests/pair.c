#include "pair.h"

#include <criterion/criterion.h>
#include <string.h>

#include "error_name.h"
#include "platform.h"

void pair_open(Pair *pair) {
    int ends[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0,
                 "The test got no pair of sockets.");
    int result = socket_init(&pair->near, ends[0]);
    cr_assert_eq(result, 0,
                 "socket_init() answered %s, and nothing was "
                 "refused.",
                 error_name(result));
    pair->far = ends[1];
}

void pair_hang_up(Pair *pair) {
    close(pair->far);
    pair->far = -1;
}

void pair_close(Pair *pair) {
    socket_close(&pair->near);
    if (pair->far >= 0) {
        pair_hang_up(pair);
    }
}

void pair_deliver(Pair *pair, const char *text) {
    ssize_t length = (ssize_t)strlen(text);
    cr_assert_eq(write(pair->far, text, strlen(text)), length,
                 "The test could not write to its end of the sockets.");
}

void deliver_hello(void *pair) {
    pair_deliver(pair, "hello");
}
