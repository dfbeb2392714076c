/* The page ../back-ends.md shows this; main.c runs it. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/event.h>
#include <unistd.h>

void wait_until_readable(int socket);

//! [wait]
void wait_until_readable(int socket) {
    struct kevent wish, event;
    int queue = kqueue();
    EV_SET(&wish, (uintptr_t)socket, EVFILT_READ, EV_ADD, 0, 0, NULL);
    while (kevent(queue, &wish, 1, &event, 1, NULL) < 0 && errno == EINTR) {
        /* a signal was handled: wait on */
    }
    close(queue);
}
//! [wait]
