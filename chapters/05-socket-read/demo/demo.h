/**
 * @file
 * The three demonstrations of this chapter, of which main.c starts one.
 */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

/** After so long without a byte that comes back, a demonstration gives up. */
enum { DEMO_PATIENCE_S = 5 };

/** What the command line asks for, and where to talk. */
typedef struct Demo {
    /** The file that the client sends. */
    const char *file;
    /** Whether to serve until Ctrl-C. */
    bool serve;
    /** How many visitors there are, or 0. */
    unsigned crowd;
    /** After so many seconds of silence the server closes a connection; 0 for
     * never. */
    unsigned idle_s;
    /** Where the server listens; 0 for any free port. */
    uint16_t port;
    /** What happens. */
    Log output;
    /** What went wrong. */
    Log errors;
} Demo;

/**
 * A server and a client on one thread: sends a file and compares.
 *
 * @param[in,out] demo  borrowed.
 * @return the program's exit status.
 */
int demo_transfer(Demo *demo);

/**
 * A server that stays up until Ctrl-C.
 *
 * @param[in,out] demo  borrowed.
 * @return the program's exit status.
 */
int demo_server(Demo *demo);

/**
 * A server, and a second process with very many clients.
 *
 * @param[in,out] demo  borrowed.
 * @return the program's exit status.
 */
int demo_crowd(Demo *demo);

/**
 * Says what failed and why, and what to do where that is certain.
 *
 * @param[in,out] demo  borrowed.
 * @param[in] what      the beginning of the sentence.
 * @param[in] error     a `-errno`.
 * @return the program's exit status.
 */
int demo_fail(Demo *demo, const char *what, int error);

/**
 * Says why the server does not start.
 *
 * @param[in,out] demo  borrowed.
 * @param[in] error     of echo_server_start().
 * @return the program's exit status.
 */
int demo_fail_to_listen(Demo *demo, int error);

#endif
