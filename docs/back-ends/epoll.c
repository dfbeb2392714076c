/* The page ../back-ends.md shows this; main.c runs it. */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

void wait_until_readable(int socket);

//! [wait]
void wait_until_readable(int socket) {
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
    while (epoll_wait(epoll, &event, 1, -1) < 0 && errno == EINTR) {
        /* a signal was handled: wait on */
    }
    close(epoll);
}
//! [wait]
