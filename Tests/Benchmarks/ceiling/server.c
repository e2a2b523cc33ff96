// The ceiling: the echo method of steward-echo served by one C thread with epoll, OpenSSL and protobuf-c, with the same
// frames and the same work for each call (the request message is decoded and encoded again), and without anything that
// a server needs besides: no deadlines, no limits, no flow control, no checks of what protobuf-c does not check.
//
//   server CERTIFICATE.pem KEY.pem      prints its port, then serves until it is killed
#include "server.h"
#include "steward/rpc/v1/frame.pb-c.h"
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

static const char echo_method[] = "steward.bench.v1.EchoService/Echo";

typedef Steward__Rpc__V1__Frame Frame;
typedef Steward__Rpc__V1__Detail Detail;

struct connection {
    SSL *ssl;
    int descriptor;
    struct bytes in, out;
};

// Memory for one call's messages: taken from the front, given back all at once.
static _Alignas(16) uint8_t arena[1 << 20];
static size_t arena_used;

static void *arena_take(void *data, size_t size) {
    (void)data;
    size_t at = arena_used;
    arena_used += (size + 15) & ~(size_t)15;
    return arena_used <= sizeof arena ? arena + at : NULL;
}

static void arena_give(void *data, void *pointer) { (void)data, (void)pointer; }

static ProtobufCAllocator allocator = {arena_take, arena_give, NULL};

static void append(struct connection *c, const Frame *frame) {
    size_t size = steward__rpc__v1__frame__get_packed_size(frame);
    uint8_t *room = bytes_room(&c->out, 4 + size);
    put32(room, (uint32_t)size);
    steward__rpc__v1__frame__pack(frame, room + 4);
    c->out.end += 4 + size;
}

static void say_hello(struct connection *c) {
    Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    Steward__Rpc__V1__Hello hello = STEWARD__RPC__V1__HELLO__INIT;
    hello.has_version_min = hello.has_version_max = hello.has_frame_bytes_max = hello.has_calls_max = 1;
    hello.version_min = hello.version_max = 1;
    hello.frame_bytes_max = 1 << 20;
    hello.calls_max = 256;
    hello.agent = "ceiling/1";
    frame.hello = &hello;
    append(c, &frame);
}

// False when the other side broke the protocol.
static int handle(struct connection *c, const uint8_t *body, uint32_t size) {
    arena_used = 0;
    Frame *frame = steward__rpc__v1__frame__unpack(&allocator, size, body);
    if (!frame) return 0;
    if (!frame->start) return 1;
    if (strcmp(frame->start->method, echo_method) != 0) return 0;
    Detail *request = steward__rpc__v1__detail__unpack(&allocator, frame->payload.len, frame->payload.data);
    if (!request) return 0;
    Steward__Rpc__V1__Status status = STEWARD__RPC__V1__STATUS__INIT;
    Frame answer = STEWARD__RPC__V1__FRAME__INIT;
    answer.has_call_id = answer.has_payload = 1;
    answer.call_id = frame->call_id;
    answer.payload.len = steward__rpc__v1__detail__get_packed_size(request);
    answer.payload.data = arena_take(NULL, answer.payload.len);
    steward__rpc__v1__detail__pack(request, answer.payload.data);
    answer.status = &status;
    append(c, &answer);
    return 1;
}

// False when the connection has ended.
static int serve(struct connection *c) {
    if (!tls_read(c->ssl, &c->in)) return 0;
    const uint8_t *body;
    uint32_t size;
    while ((body = next_frame(&c->in, &size)))
        if (!handle(c, body, size)) return 0;
    return tls_write(c->ssl, &c->out);
}

// The handshake is done blocking: connections are made before anything is measured.
static struct connection *take(int listener, SSL_CTX *context) {
    struct connection *c = check(calloc(1, sizeof *c), "calloc");
    int one = 1;
    c->descriptor = accept(listener, NULL, NULL);
    setsockopt(c->descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->ssl = check(SSL_new(context), "SSL_new");
    SSL_set_fd(c->ssl, c->descriptor);
    must(SSL_accept(c->ssl) == 1, "handshake");
    fcntl(c->descriptor, F_SETFL, O_NONBLOCK);
    say_hello(c);
    return c;
}

static void drop(struct connection *c) {
    SSL_free(c->ssl);
    close(c->descriptor);
    free(c->in.data);
    free(c->out.data);
    free(c);
}

int main(int count, char **arguments) {
    must(count == 3, "usage: server CERTIFICATE.pem KEY.pem:");
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = server_context(arguments[1], arguments[2]);
    int listener = listen_anywhere(0), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (c) {
                if (!serve(c)) drop(c);
                continue;
            }
            c = take(listener, context);
            event.data.ptr = c;
            epoll_ctl(epoll, EPOLL_CTL_ADD, c->descriptor, &event);
            if (!serve(c)) drop(c);
        }
    }
}
