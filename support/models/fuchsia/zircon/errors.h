/*
 * Fuchsia's errors, as far as the course uses them; see types.h.
 */
#ifndef ZIRCON_ERRORS_H
#define ZIRCON_ERRORS_H

#include <stdint.h>

/* What a system call returns: 0, or one of these. */
typedef int32_t zx_status_t;

#define ZX_OK (0)
#define ZX_ERR_INTERNAL (-1)
#define ZX_ERR_NOT_SUPPORTED (-2)
#define ZX_ERR_NO_RESOURCES (-3)
#define ZX_ERR_NO_MEMORY (-4)
#define ZX_ERR_INVALID_ARGS (-10)
#define ZX_ERR_BAD_HANDLE (-11)
#define ZX_ERR_WRONG_TYPE (-12)
#define ZX_ERR_TIMED_OUT (-21)
#define ZX_ERR_NOT_FOUND (-25)

#endif
