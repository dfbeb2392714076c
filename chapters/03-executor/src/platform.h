/** @file
 * The system's calls for sockets and files, under the names that POSIX gave
 * them: a list of its headers. Windows has the same calls under other names,
 * with other error numbers, and with handles: platform_windows.c makes the one
 * of the other.
 * Pointers are borrowed, unless said to be owned. Rules: docs/headers.md. */
#ifndef PLATFORM_H
#define PLATFORM_H

#ifdef _WIN32
#include "platform_windows.h"
#else
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#endif
