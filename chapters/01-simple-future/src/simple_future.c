#include "simple_future.h"

//! [simple_future_poll]
Poll simple_future_poll(SimpleFuture *future, WakeFn wake) {
    return future->poll(future, wake);
}
//! [simple_future_poll]
