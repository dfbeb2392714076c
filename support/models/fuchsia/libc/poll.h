/* See errno.h. */
#ifndef POLL_H
#define POLL_H

#define POLLIN 0x001
#define POLLOUT 0x004
#define POLLERR 0x008
#define POLLHUP 0x010

#endif
