/*
 * fdio, the library that makes descriptors out of handles: the part that finds
 * the handle again, as far as the course uses it; see zircon/types.h.
 *
 * `events` are those of poll(2).
 */
#ifndef LIB_FDIO_UNSAFE_H
#define LIB_FDIO_UNSAFE_H

#include <stdint.h>

#include <zircon/types.h>

/* What a descriptor stands for. */
typedef struct fdio fdio_t;

/* Takes a share in it: NULL if the descriptor is not open. */
fdio_t *fdio_unsafe_fd_to_io(int fd);

/* Gives the share back. */
void fdio_unsafe_release(fdio_t *io);

/*
 * The handle to wait on, which stays fdio's, and the signals that mean these
 * events at present. ZX_HANDLE_INVALID if it cannot be waited for.
 */
void fdio_unsafe_wait_begin(fdio_t *io, uint32_t events,
                            zx_handle_t *handle_out, zx_signals_t *signals_out);

/* The events that these signals mean at present. */
void fdio_unsafe_wait_end(fdio_t *io, zx_signals_t signals,
                          uint32_t *events_out);

#endif
