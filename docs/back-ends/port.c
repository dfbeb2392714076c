/* The page ../back-ends.md shows this; main.c runs it. */
#include <lib/fdio/unsafe.h>
#include <poll.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/port.h>

void wait_until_readable(int socket);

//! [wait]
void wait_until_readable(int socket) {
    zx_handle_t port, handle;
    zx_signals_t signals;
    zx_port_packet_t packet;
    zx_port_create(0, &port);
    fdio_t *io = fdio_unsafe_fd_to_io(socket);
    fdio_unsafe_wait_begin(io, POLLIN, &handle, &signals);
    zx_object_wait_async(handle, port, 0, signals, ZX_WAIT_ASYNC_ONCE);
    zx_port_wait(port, ZX_TIME_INFINITE, &packet);
    fdio_unsafe_release(io);
    zx_handle_close(port);
}
//! [wait]
