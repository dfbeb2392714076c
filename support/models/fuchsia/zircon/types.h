/*
 * Fuchsia's types, as far as the course uses them: written for it, from the
 * documentation that port.c names. On Fuchsia the system's own header is used.
 */
#ifndef ZIRCON_TYPES_H
#define ZIRCON_TYPES_H

#include <stdint.h>

#include <zircon/errors.h>

/* A number that stands for a kernel object in this process. */
typedef uint32_t zx_handle_t;

#define ZX_HANDLE_INVALID ((zx_handle_t)0)

/* Nanoseconds on the monotonic clock. */
typedef int64_t zx_time_t;

#define ZX_TIME_INFINITE INT64_MAX
#define ZX_TIME_INFINITE_PAST INT64_MIN

/* A set of signals; what a bit means depends on the kind of the object. */
typedef uint32_t zx_signals_t;

#define ZX_SIGNAL_NONE ((zx_signals_t)0u)

#define ZX_SOCKET_READABLE ((zx_signals_t)1u << 0)
#define ZX_SOCKET_WRITABLE ((zx_signals_t)1u << 1)
#define ZX_SOCKET_PEER_CLOSED ((zx_signals_t)1u << 2)
#define ZX_SOCKET_PEER_WRITE_DISABLED ((zx_signals_t)1u << 4)
#define ZX_SOCKET_WRITE_DISABLED ((zx_signals_t)1u << 5)

/* Eight signals that mean what two programs agree on. */
#define ZX_USER_SIGNAL_0 ((zx_signals_t)1u << 24)
#define ZX_USER_SIGNAL_1 ((zx_signals_t)1u << 25)
#define ZX_USER_SIGNAL_3 ((zx_signals_t)1u << 27)

#endif
