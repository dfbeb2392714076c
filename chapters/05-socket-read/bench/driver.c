/*
 * Two processes, because of the limit of descriptors: ten thousand sockets
 * have twenty thousand ends. And so the driver's own calls and its processor
 * time are not among those that are counted.
 *
 * One message is under way at a time. This is what makes counts certain: a
 * way of waiting is asked for exactly one wake-up a message. With many at
 * once, whoever returns several events from one wait looks better.
 */
#include "driver.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- Messages -------------------------------------------------------------- */

/* A message says which one it is; the other bytes follow from that. */
static void message_make(unsigned char *message, uint64_t number,
                         size_t socket) {
    memcpy(message, &number, sizeof number);
    for (size_t i = sizeof number; i < MESSAGE_SIZE; i++) {
        message[i] = (unsigned char)(number * 31 + socket * 7 + i);
    }
}

void message_answer(unsigned char *message, ssize_t length, size_t socket) {
    unsigned char expected[MESSAGE_SIZE];
    uint64_t number;
    memcpy(&number, message, sizeof number);
    message_make(expected, number, socket);
    if (length != MESSAGE_SIZE ||
        memcmp(message, expected, MESSAGE_SIZE) != 0) {
        fprintf(stderr,
                "Socket %zu received %zd bytes that the driver did not send "
                "to it.\n",
                socket, length);
        _exit(1);
    }
    for (size_t i = 0; i < MESSAGE_SIZE; i++) {
        message[i] ^= 0xff;
    }
}

static bool answer_is_right(const unsigned char *answer, ssize_t length,
                            uint64_t number, size_t socket) {
    unsigned char expected[MESSAGE_SIZE];
    message_make(expected, number, socket);
    message_answer(expected, MESSAGE_SIZE, socket);
    return length == MESSAGE_SIZE &&
           memcmp(answer, expected, MESSAGE_SIZE) == 0;
}

/* --- The driver's process -------------------------------------------------- */

/* Chance that is the same on every machine: xorshift. */
static size_t chance(uint32_t *seed, size_t below) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed % below;
}

/* Chooses the active ones, no socket twice. */
static size_t choose_active(size_t count, size_t *active_out) {
    uint32_t seed = 2463534242;
    size_t chosen = 0;
    while (chosen < ACTIVE_SOCKETS && chosen < count) {
        size_t socket = chance(&seed, count);
        size_t i = 0;
        while (i < chosen && active_out[i] != socket) {
            i++;
        }
        active_out[i] = socket;
        chosen += i == chosen;
    }
    return chosen;
}

static bool exchange(const int *sockets, size_t socket, uint64_t number) {
    unsigned char message[MESSAGE_SIZE], answer[MESSAGE_SIZE];
    message_make(message, number, socket);
    if (write(sockets[socket], message, sizeof message) != sizeof message) {
        return false;
    }
    ssize_t length = read(sockets[socket], answer, sizeof answer);
    if (length <= 0) {
        return false; /* nobody is there any more */
    }
    if (!answer_is_right(answer, length, number, socket)) {
        fprintf(stderr, "Message %llu got a wrong answer.\n",
                (unsigned long long)number);
        return false;
    }
    return true;
}

/* Until nobody can ask for messages any more. Returns the exit status. */
static int drive(const int *sockets, size_t count, int control) {
    size_t active[ACTIVE_SOCKETS];
    size_t chosen = choose_active(count, active);
    unsigned long messages;
    while (read(control, &messages, sizeof messages) == sizeof messages) {
        uint32_t seed = 2463534242;
        for (uint64_t number = 0; number < messages; number++) {
            size_t socket = active[chance(&seed, chosen)];
            if (!exchange(sockets, socket, number)) {
                return 1;
            }
        }
    }
    return 0;
}

static int connect_all(int *sockets, size_t count,
                       const struct sockaddr_un *address, socklen_t length) {
    for (size_t i = 0; i < count; i++) {
        sockets[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        if (sockets[i] < 0 ||
            connect(sockets[i], (const struct sockaddr *)address, length) < 0) {
            perror("The driver cannot connect");
            return 1;
        }
    }
    return 0;
}

/* --- Our side --------------------------------------------------------------- */

/* The system finds a name for an address that has none: "autobind", unix(7). */
static int listen_somewhere(struct sockaddr_un *address, socklen_t *length) {
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    socklen_t nameless = sizeof address->sun_family;
    struct timeval patience = {.tv_sec = 10}; /* then accept() fails */
    struct sockaddr *name = (struct sockaddr *)address;
    *length = sizeof *address;
    if (listener < 0 || bind(listener, name, nameless) < 0 ||
        listen(listener, 128) < 0 || getsockname(listener, name, length) < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience,
                   sizeof patience) < 0) {
        return -errno;
    }
    return listener;
}

int driver_start(Driver *driver, size_t count) {
    struct sockaddr_un address;
    socklen_t length;
    int control[2];
    *driver = (Driver){calloc(count, sizeof(int)), 0, -1, 0};
    int listener = listen_somewhere(&address, &length);
    if (driver->sockets == NULL || listener < 0 || pipe(control) < 0) {
        return listener < 0 ? listener : -errno;
    }
    fflush(stdout);
    driver->process = fork();
    if (driver->process < 0) {
        return -errno;
    }
    if (driver->process == 0) {
        close(listener);
        close(control[1]);
        int status = connect_all(driver->sockets, count, &address, length);
        _exit(status != 0 ? status : drive(driver->sockets, count, control[0]));
    }
    close(control[0]);
    driver->control = control[1];
    while (driver->count < count) {
        int accepted = accept(listener, NULL, NULL);
        if (accepted < 0) {
            return -errno;
        }
        driver->sockets[driver->count++] = accepted;
    }
    close(listener);
    return 0;
}

void driver_go(const Driver *driver, unsigned long messages) {
    ssize_t written = write(driver->control, &messages, sizeof messages);
    (void)written; /* if nobody is there to read it, driver_stop() says why */
}

bool driver_stop(Driver *driver) {
    int status;
    close(driver->control);
    for (size_t i = 0; i < driver->count; i++) {
        close(driver->sockets[i]);
    }
    free(driver->sockets);
    waitpid(driver->process, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
