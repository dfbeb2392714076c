/** @file
 * The three demonstrations of this chapter, of which main.c starts one. Each
 * function returns the program's exit status.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef DEMO_H
#define DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"

/** After so long without a byte that comes back, a demonstration gives up. */
enum { DEMO_PATIENCE_S = 5 };

/** What the command line asks for, and where to talk. */
typedef struct Demo {
    const char *file; /**< What the client sends. */
    bool serve;       /**< Until Ctrl-C. */
    unsigned crowd;   /**< How many visitors there are, or 0. */
    unsigned idle_s;  /**< Silence that closes a connection; 0 for never. */
    uint16_t port;    /**< Where the server listens; 0 for any free port. */
    Log output;       /**< What happens. */
    Log errors;       /**< What went wrong. */
} Demo;

/** A server and a client on one thread: sends a file and compares. */
int demo_transfer(Demo *demo);

/** A server that stays up until Ctrl-C. */
int demo_server(Demo *demo);

/** A server, and a second process with very many clients. */
int demo_crowd(Demo *demo);

/** Says what failed (`what` begins the sentence) and why (a `-errno`), and what
 * to do where that is certain. */
int demo_fail(Demo *demo, const char *what, int error);

/** Says why the server does not start: the error of echo_server_start(). */
int demo_fail_to_listen(Demo *demo, int error);

#endif
