#include "error_name.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#define NAMED(error)                                                           \
    { -error, "-" #error }

static const struct {
    int result;
    const char *name;
} names[] = {
    NAMED(EACCES),     NAMED(EADDRINUSE), NAMED(EAFNOSUPPORT),
    NAMED(EAGAIN),     NAMED(EALREADY),   NAMED(EBADF),
    NAMED(EBUSY),      NAMED(ECANCELED),  NAMED(ECONNABORTED),
    NAMED(ECONNRESET), NAMED(EDEADLK),    NAMED(ECONNREFUSED),
    NAMED(EEXIST),     NAMED(EFAULT),     NAMED(EINPROGRESS),
    NAMED(EINTR),      NAMED(EINVAL),     NAMED(EIO),
    NAMED(EISCONN),    NAMED(EISDIR),     NAMED(EMFILE),
    NAMED(ENFILE),     NAMED(ENOBUFS),    NAMED(ENOENT),
    NAMED(ENOMEM),     NAMED(ENOSPC),     NAMED(ENOSYS),
    NAMED(ENOTCONN),   NAMED(ENOTSOCK),   NAMED(EOVERFLOW),
    NAMED(EPERM),      NAMED(EPIPE),      NAMED(ERANGE),
    NAMED(ESRCH),      NAMED(ETIMEDOUT),  NAMED(EOPNOTSUPP),
};

/* Two may stand in one sentence. */
const char *error_name(int result) {
    static char numbers[2][16];
    static int latest;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].result == result) {
            return names[i].name;
        }
    }
    latest = 1 - latest;
    snprintf(numbers[latest], sizeof numbers[latest], "%d", result);
    return numbers[latest];
}
