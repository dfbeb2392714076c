/* The page ../back-ends.md shows this; main.c runs it. */
#include <errno.h>
#include <poll.h>

void wait_until_readable(int socket);

//! [wait]
void wait_until_readable(int socket) {
    struct pollfd entry = {.fd = socket, .events = POLLIN};
    while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
        /* a signal was handled: wait on */
    }
}
//! [wait]
