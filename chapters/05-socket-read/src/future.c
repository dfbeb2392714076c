#include "future.h"

//! [future_poll]
Poll future_poll(Future *future, Context *context) {
    return future->vtable->poll(future, context);
}

void future_drop(Future *future) {
    future->vtable->drop(future);
}
//! [future_poll]
