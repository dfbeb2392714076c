/*
 * Fuchsia's system calls, as far as the course uses them; see types.h.
 */
#ifndef ZIRCON_SYSCALLS_H
#define ZIRCON_SYSCALLS_H

#include <zircon/syscalls/port.h>
#include <zircon/types.h>

zx_status_t zx_handle_close(zx_handle_t handle);

zx_status_t zx_port_create(uint32_t options, zx_handle_t *out);
zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t *packet);
zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline,
                         zx_port_packet_t *packet);
zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source,
                           uint64_t key);

zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port,
                                 uint64_t key, zx_signals_t signals,
                                 uint32_t options);

#endif
