/*
 * The socket in memory: a poll that never comes back looks at it, and looks, and
 * so it fails with a sentence and not by the clock. The linker's --wrap puts this
 * between the chapter's code and socket.c.
 */
#ifndef SCRIPT_SOCKET_H
#define SCRIPT_SOCKET_H

/* How often the socket has been asked whether it has data. */
extern int script_looks;

#endif
