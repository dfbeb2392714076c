#include "script_socket.h"

#include <criterion/criterion.h>

#include "socket.h"

enum { LOOK_BUDGET = 1000 };

int script_looks;

bool __real_socket_has_data_to_read(const Socket *socket);

bool __wrap_socket_has_data_to_read(const Socket *socket) {
    script_looks += 1;
    cr_assert(script_looks <= LOOK_BUDGET,
              "The socket was asked for data %d times in one test: a poll goes "
              "round and round instead of answering POLL_PENDING, or is called "
              "in circles without being woken. A poll never waits.",
              script_looks);
    return __real_socket_has_data_to_read(socket);
}
