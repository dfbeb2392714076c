#include "script_sockets.h"

#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "probe.h"
#include "script_descriptors.h"

Scripted script_send, script_socket, script_bind, script_listen;
Scripted script_accept, script_connect, script_getsockopt, script_getpeername;
Scripted script_getrlimit, script_setrlimit;
int script_writes_take;
Cue script_after_accept;
int script_traced_object = -1;

int __real_fcntl(int descriptor, int command, ...);
int __real_close(int descriptor);
ssize_t __real_send(int descriptor, const void *bytes, size_t length,
                    int flags);

ssize_t __wrap_send(int descriptor, const void *bytes, size_t length,
                    int flags) {
    if (script_fails(&script_send) || script_would_block(descriptor)) {
        return -1;
    }
    bool less = script_writes_take > 0 && length > (size_t)script_writes_take;
    return __real_send(descriptor, bytes,
                       less ? (size_t)script_writes_take : length, flags);
}

int __wrap_close(int descriptor) {
    if (descriptor == script_traced_object) {
        trace_add("close", "socket");
    }
    return __real_close(descriptor);
}

/* --- How many there may be ------------------------------------------------ */

int __real_getrlimit(int resource, struct rlimit *limit_out);
int __real_setrlimit(int resource, const struct rlimit *limit);

int __wrap_getrlimit(int resource, struct rlimit *limit_out) {
    return script_fails(&script_getrlimit)
               ? -1
               : __real_getrlimit(resource, limit_out);
}

int __wrap_setrlimit(int resource, const struct rlimit *limit) {
    return script_fails(&script_setrlimit) ? -1
                                           : __real_setrlimit(resource, limit);
}

/* --- Connections ---------------------------------------------------------- */

int __real_socket(int family, int type, int protocol);
int __real_bind(int descriptor, const struct sockaddr *address,
                socklen_t length);
int __real_listen(int descriptor, int backlog);
int __real_accept(int descriptor, struct sockaddr *address, socklen_t *length);
int __real_connect(int descriptor, const struct sockaddr *address,
                   socklen_t length);
int __real_getsockopt(int descriptor, int level, int option, void *value,
                      socklen_t *length);
int __real_getpeername(int descriptor, struct sockaddr *address,
                       socklen_t *length);

int __wrap_socket(int family, int type, int protocol) {
    return script_fails(&script_socket) ? -1
                                        : __real_socket(family, type, protocol);
}

int __wrap_bind(int descriptor, const struct sockaddr *address,
                socklen_t length) {
    return script_fails(&script_bind)
               ? -1
               : __real_bind(descriptor, address, length);
}

int __wrap_listen(int descriptor, int backlog) {
    return script_fails(&script_listen) ? -1
                                        : __real_listen(descriptor, backlog);
}

/*
 * Valgrind's accept() takes a connection for which there is no descriptor, and
 * closes it; the system's leaves it in the queue. So it is not asked then.
 */
static bool valgrind_would_lose_it(int listener) {
    const char *preloaded = getenv("LD_PRELOAD");
    if (preloaded == NULL || strstr(preloaded, "vgpreload") == NULL) {
        return false;
    }
    int next = __real_fcntl(listener, F_DUPFD, 0);
    if (next >= 0) {
        __real_close(next);
        return false;
    }
    return true; /* errno says why */
}

int __wrap_accept(int descriptor, struct sockaddr *address, socklen_t *length) {
    if (script_fails(&script_accept) || valgrind_would_lose_it(descriptor)) {
        return -1;
    }
    int accepted = __real_accept(descriptor, address, length);
    if (accepted >= 0) {
        script_fire(&script_after_accept);
    }
    return accepted;
}

int __wrap_connect(int descriptor, const struct sockaddr *address,
                   socklen_t length) {
    return script_fails(&script_connect)
               ? -1
               : __real_connect(descriptor, address, length);
}

int __wrap_getsockopt(int descriptor, int level, int option, void *value,
                      socklen_t *length) {
    return script_fails(&script_getsockopt)
               ? -1
               : __real_getsockopt(descriptor, level, option, value, length);
}

int __wrap_getpeername(int descriptor, struct sockaddr *address,
                       socklen_t *length) {
    return script_fails(&script_getpeername)
               ? -1
               : __real_getpeername(descriptor, address, length);
}
