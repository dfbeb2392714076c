/*
 * Runs one of the programs of ../back-ends.md: a thread waits for a socket, and
 * has to be asleep until another one has sent something.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void wait_until_readable(int socket);

static atomic_bool has_returned;

static void *waits(void *socket) {
    wait_until_readable(*(int *)socket);
    atomic_store(&has_returned, true);
    return NULL;
}

int main(void) {
    int ends[2];
    pthread_t thread;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
        pthread_create(&thread, NULL, waits, &ends[0]) != 0) {
        perror("main");
        return 1;
    }
    /* Time to catch one that does not wait; who is slow to begin is not hurt. */
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    bool early = atomic_load(&has_returned);
    bool sent = write(ends[1], "x", 1) == 1;
    pthread_join(thread, NULL);
    puts(early ? "It did not wait."
               : "It waited until the socket was readable.");
    return early || !sent;
}
