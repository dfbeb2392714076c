/*
 * Stands between socket_read.c and socket.c (the linker's --wrap), so that a
 * poll that never comes back fails with a sentence and not by the clock.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

/* How often the socket has been asked whether it has data. */
extern int script_looks;

#endif
