#include "script_watching.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "platform.h"
#include "socket.h"

atomic_int script_interrupted_watches;
int script_watch_error;
int script_false_readiness;
int script_blocking_looks;
atomic_int script_unguarded;

int __real_poll(struct pollfd *looks, nfds_t count, int timeout_ms);
void __real_waiter_list_move(WaiterList *from, WaiterList *to);
Waker __real_waiter_list_take_first(WaiterList *list);

int __wrap_poll(struct pollfd *looks, nfds_t count, int timeout_ms) {
    if (script_second_thread) {
        if (atomic_fetch_sub(&script_interrupted_watches, 1) > 0) {
            errno = EINTR;
            return -1;
        }
        if (script_watch_error != 0) {
            errno = script_watch_error;
            return -1;
        }
        return __real_poll(looks, count, timeout_ms);
    }
    if (timeout_ms != 0) {
        script_blocking_looks += 1;
    }
    if (script_false_readiness > 0) {
        script_false_readiness -= 1;
        looks->revents = POLLIN;
        return 1;
    }
    return __real_poll(looks, count, 0);
}

/* The list in a socket, as its watching thread has it. */
static _Thread_local Socket *socket_of_thread;

static void assert_guarded(void) {
    if (socket_of_thread != NULL &&
        pthread_mutex_trylock(&socket_of_thread->lock) == 0) {
        atomic_fetch_add(&script_unguarded, 1);
        pthread_mutex_unlock(&socket_of_thread->lock);
    }
}

void __wrap_waiter_list_move(WaiterList *from, WaiterList *to) {
    if (script_second_thread) {
        char *list = (char *)from;
        socket_of_thread = (Socket *)(void *)(list - offsetof(Socket, readers));
    }
    assert_guarded();
    __real_waiter_list_move(from, to);
}

struct Waker __wrap_waiter_list_take_first(WaiterList *list) {
    assert_guarded();
    return __real_waiter_list_take_first(list);
}
