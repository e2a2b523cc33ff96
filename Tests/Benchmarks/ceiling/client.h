// The client's side of a connection with the frames of Steward, as all loads of the benchmarks use it. Blocking.
#pragma once
#include "bytes.h"
#include "steward/rpc/v1/frame.pb-c.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef Steward__Rpc__V1__Frame Frame;

struct client {
    SSL *ssl;
    int descriptor;
    struct bytes in, out;
};

static inline uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// As many descriptors as the process may have.
static inline void raise_file_limit(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static inline SSL_CTX *client_context(const char *trust_roots) {
    SSL_CTX *context = tls_context(TLS_client_method());
    must(SSL_CTX_load_verify_locations(context, trust_roots, NULL), trust_roots);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_alpn_protos(context, alpn_names, sizeof alpn_names - 1);
    return context;
}

static inline void send_frame(struct client *c, const Frame *frame) {
    size_t size = steward__rpc__v1__frame__get_packed_size(frame);
    uint8_t *room = bytes_room(&c->out, 4 + size);
    put32(room, (uint32_t)size);
    steward__rpc__v1__frame__pack(frame, room + 4);
    c->out.end += 4 + size;
}

// No credits are named, so the servers do not count.
static inline void say_hello(struct client *c) {
    Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    Steward__Rpc__V1__Hello hello = STEWARD__RPC__V1__HELLO__INIT;
    hello.has_version_min = hello.has_version_max = hello.has_frame_bytes_max = hello.has_message_bytes_max = 1;
    hello.version_min = hello.version_max = 1;
    hello.frame_bytes_max = 1 << 20;
    hello.message_bytes_max = 4 << 20;
    hello.agent = "load/1";
    frame.hello = &hello;
    send_frame(c, &frame);
}

static inline void answer_ping(struct client *c, Frame *frame) {
    if (!frame->ping || frame->ping->answer) return;
    frame->ping->has_answer = frame->ping->answer = 1;
    send_frame(c, frame);
}

static inline void flush(struct client *c) { must(tls_write(c->ssl, &c->out), "writing: the server is gone;"); }

static inline void fail(const Steward__Rpc__V1__Status *status, const char *what) {
    fprintf(stderr, "%s: %d %s: %s\n", what, status ? (int)status->code : -1, status && status->reason ? status->reason : "",
        status && status->message ? status->message : "");
    exit(1);
}

// Ends the program when the frame says that a call failed or that the server goes away.
static inline void expect_well(const Frame *frame) {
    if (frame->go_away) fail(frame->go_away->status, "the server goes away");
    if (frame->status && frame->status->has_code && frame->status->code) fail(frame->status, "a call failed");
}

// Connects from the loopback address 127.0.0.<host>: each has its own ports, of which one alone has too few.
static inline int connect_from(int host, int port) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000000 | (uint32_t)host)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(descriptor >= 0, "socket: raise the limit of open files (ulimit -n);");
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    must(bind(descriptor, (struct sockaddr *)&from, sizeof from) == 0, "bind");
    must(connect(descriptor, (struct sockaddr *)&to, sizeof to) == 0, "connect");
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return descriptor;
}

// A TLS connection on the descriptor, with `session` resumed if there is one.
static inline SSL *shake_hands(SSL_CTX *context, int descriptor, const char *name, SSL_SESSION *session) {
    SSL *ssl = check(SSL_new(context), "SSL_new");
    SSL_set_fd(ssl, descriptor);
    SSL_set_tlsext_host_name(ssl, name);
    SSL_set1_host(ssl, name);
    if (session) SSL_set_session(ssl, session);
    must(SSL_connect(ssl) == 1, "handshake");
    return ssl;
}

static inline void open_client(struct client *c, SSL_CTX *context, int host, int port, const char *name) {
    c->descriptor = connect_from(host, port);
    c->ssl = shake_hands(context, c->descriptor, name, NULL);
    say_hello(c);
}
