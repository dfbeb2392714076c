/**
 * @file
 * The other ends of all sockets, in a process of their own: it sends a
 * message to one of them, waits for the answer, and sends the next.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    /** Bytes of a message, and of its answer. */
    MESSAGE_SIZE = 64,
    /** So many sockets are active, or all if there are fewer. */
    ACTIVE_SOCKETS = 10
};

/** Our ends of the sockets, and the process that has the other ends. */
typedef struct Driver {
    /** Owned, connected, blocking. */
    int *sockets;
    /** Of `sockets`. */
    size_t count;
    /** Where driver_go() writes. */
    int control;
    /** The process. */
    pid_t process;
} Driver;

/**
 * Starts the process and connects it to us.
 *
 * @param[out] driver  memory of the caller's; to be given to driver_stop().
 * @param[in] count    how many sockets.
 * @return 0 or a `-errno`.
 */
int driver_start(Driver *driver, size_t count);

/**
 * Has the driver send so many messages, each one when the one before has been
 * answered. The sockets are chosen by chance, the same ones each time.
 *
 * @param[in] driver    borrowed.
 * @param[in] messages  how many.
 */
void driver_go(const Driver *driver, unsigned long messages);

/**
 * Ends the process and closes the sockets.
 *
 * @param[in,out] driver  consumed.
 * @return whether every answer was right; it has said so if not.
 */
bool driver_stop(Driver *driver);

/**
 * Turns a message into its answer. Ends the program with a sentence if any
 * byte of the message is not what the driver sent to this socket.
 *
 * @param[in,out] message  MESSAGE_SIZE bytes.
 * @param[in] length       how many were read.
 * @param[in] socket       its number, from 0.
 */
void message_answer(unsigned char *message, ssize_t length, size_t socket);

#endif
