/*
 * What comes out of a port, as far as the course uses it; see ../types.h.
 */
#ifndef ZIRCON_SYSCALLS_PORT_H
#define ZIRCON_SYSCALLS_PORT_H

#include <zircon/types.h>

/* Options of zx_object_wait_async(). One packet is all that a wait gives. */
#define ZX_WAIT_ASYNC_ONCE ((uint32_t)0u)
#define ZX_WAIT_ASYNC_TIMESTAMP ((uint32_t)1u)
#define ZX_WAIT_ASYNC_EDGE ((uint32_t)2u)

/* Types of packets: from zx_port_queue(), and from a wait. */
#define ZX_PKT_TYPE_USER ((uint32_t)0u)
#define ZX_PKT_TYPE_SIGNAL_ONE ((uint32_t)1u)

typedef union zx_packet_user {
    uint64_t u64[4];
    uint32_t u32[8];
    uint16_t u16[16];
    uint8_t c8[32];
} zx_packet_user_t;

typedef struct zx_packet_signal {
    zx_signals_t trigger;  /* what was waited for */
    zx_signals_t observed; /* all that was there when the packet was made */
    uint64_t count;
    zx_time_t timestamp; /* 0 without ZX_WAIT_ASYNC_TIMESTAMP */
    uint64_t reserved1;
} zx_packet_signal_t;

typedef struct zx_port_packet {
    uint64_t key;
    uint32_t type;
    zx_status_t status;
    union {
        zx_packet_user_t user;
        zx_packet_signal_t signal;
    };
} zx_port_packet_t;

#endif
