/*
 * Windows: what the back end of completion ports calls. Polls that are under way
 * have been lent memory, which must not be freed.
 */
#ifndef SCRIPT_WINDOWS_H
#define SCRIPT_WINDOWS_H

#include "script.h"

extern Scripted script_create_port, script_open_afd, script_afd_poll,
    script_cancel, script_post;

/* Polls under way, and those started in another one's memory. */
extern int script_polls, script_polls_in_lent_memory;

/* Layers that somebody installed lie above each socket. */
extern bool script_socket_has_layers;

/* Ends all polls, as the system does when their thread has ended. */
void script_end_polls(void);

#endif
