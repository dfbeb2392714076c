#include "echo_client.h"

#include <errno.h>
#include <string.h>

#include "platform.h"

static inline EchoClient *echo_client_of(Future *future) {
    return (EchoClient *)future;
}

static void read_more(EchoClient *self) {
    socket_read_init(&self->read, &self->socket, self->buffer,
                     sizeof self->buffer);
}

/* Returns 0, or why it failed, once it is connected; else `-EAGAIN`. */
static int poll_connect(EchoClient *self, Context *context) {
    if (future_poll(&self->connect.future, context) == POLL_PENDING) {
        return -EAGAIN;
    }
    if (self->connect.result != 0) {
        return self->connect.result;
    }
    self->socket = socket_take(&self->connect.connected);
    future_drop(&self->connect.future);
    socket_write_init(&self->write, &self->socket, self->bytes, self->length);
    read_more(self);
    self->state = CLIENT_TALKS;
    return 0;
}

/* As poll_connect(), once all is written. */
static int poll_write(EchoClient *self, Context *context) {
    if (self->sent) {
        return 0;
    }
    if (future_poll(&self->write.future, context) == POLL_PENDING) {
        return -EAGAIN;
    }
    self->sent = true;
    if (self->write.result == 0) {
        socket_shutdown_write(&self->socket); /* the server's end of file */
    }
    return self->write.result;
}

/* Checks what came back. Returns 0 at the end, `-EAGAIN` if more is to come. */
static int check_received(EchoClient *self) {
    if (self->read.result < 0) {
        return (int)self->read.result;
    }
    size_t length = (size_t)self->read.result;
    if (length == 0) {
        return self->received == self->length ? 0 : -EPIPE;
    }
    if (length > self->length - self->received ||
        memcmp(self->buffer, self->bytes + self->received, length) != 0) {
        return -EILSEQ;
    }
    self->received += length;
    return -EAGAIN;
}

/* As poll_connect(), at the end of file. */
static int poll_read(EchoClient *self, Context *context) {
    int result = -EAGAIN;
    while (result == -EAGAIN &&
           future_poll(&self->read.future, context) == POLL_READY) {
        result = check_received(self);
        future_drop(&self->read.future);
        read_more(self);
    }
    return result;
}

//! [poll]
static Poll echo_client_poll(Future *future, Context *context) {
    EchoClient *self = echo_client_of(future);
    int result = 0;
    if (self->state == CLIENT_CONNECTS) {
        result = poll_connect(self, context);
    }
    if (result == 0) {
        int written = poll_write(self, context);
        result = poll_read(self, context);
        if (written != 0 && written != -EAGAIN) {
            result = written;
        }
    }
    if (result == -EAGAIN) {
        return POLL_PENDING;
    }
    self->result = result;
    future_drop(future);
    return POLL_READY;
}
//! [poll]

static void echo_client_drop(Future *future) {
    EchoClient *self = echo_client_of(future);
    if (self->state == CLIENT_CONNECTS) {
        future_drop(&self->connect.future);
    } else if (self->state == CLIENT_TALKS) {
        future_drop(&self->write.future);
        future_drop(&self->read.future);
        socket_close(&self->socket);
    }
    self->state = CLIENT_ENDED;
}

void echo_client_init(EchoClient *self, uint16_t port, const void *bytes,
                      size_t length) {
    static const FutureVtable vtable = {echo_client_poll, echo_client_drop};
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    *self = (EchoClient){.future = {&vtable}, .bytes = bytes, .length = length};
    socket_connect_init(&self->connect, (const struct sockaddr *)&address,
                        sizeof address);
}
