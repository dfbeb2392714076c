#include "script.h"

#include <criterion/criterion.h>

#include "socket.h"

enum { BUDGET = 1000 };

int script_looks;

bool __real_socket_has_data_to_read(const Socket *socket);
bool __wrap_socket_has_data_to_read(const Socket *socket);

bool __wrap_socket_has_data_to_read(const Socket *socket) {
    script_looks += 1;
    cr_assert(script_looks <= BUDGET,
              "The socket was asked for data %d times: poll goes round and "
              "round instead of answering POLL_PENDING. A poll never waits.",
              script_looks);
    return __real_socket_has_data_to_read(socket);
}
