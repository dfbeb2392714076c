#include "script_descriptors.h"

#include <errno.h>
#include <stdarg.h>

#include "platform.h"

/* Several times what any test here needs. */
enum { READ_BUDGET = 1000000 };

Scripted script_read, script_pipe, script_fcntl;
int script_reads_give;
int script_blocking_calls;

ssize_t __real_read(int descriptor, void *buffer, size_t capacity);
int __real_pipe(int ends[2]);
int __real_fcntl(int descriptor, int command, ...);

bool script_would_block(int descriptor) {
    int flags = __real_fcntl(descriptor, F_GETFL);
    bool blocks = flags >= 0 && (flags & O_NONBLOCK) == 0;
    if (blocks) {
        script_blocking_calls += 1;
        errno = EAGAIN;
    }
    return blocks;
}

ssize_t __wrap_read(int descriptor, void *buffer, size_t capacity) {
    script_insist(script_read.calls < READ_BUDGET,
                  "read() has been called %d times: something is read again "
                  "and again, whatever the read answers.",
                  READ_BUDGET);
    if (script_fails(&script_read) || script_would_block(descriptor)) {
        return -1;
    }
    bool less = script_reads_give > 0 && capacity > (size_t)script_reads_give;
    return __real_read(descriptor, buffer,
                       less ? (size_t)script_reads_give : capacity);
}

int __wrap_pipe(int ends[2]) {
    return script_fails(&script_pipe) ? -1 : __real_pipe(ends);
}

int __wrap_fcntl(int descriptor, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return script_fails(&script_fcntl)
               ? -1
               : __real_fcntl(descriptor, command, argument);
}
