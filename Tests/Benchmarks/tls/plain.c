// What plain OpenSSL does with the same certificate, the same cipher and one epoll loop: the measure for streams and for
// handshakes.
//
//   plain CERTIFICATE.pem KEY.pem      prints its port, then serves until it is killed
//
// The first byte from a client says what it wants:
//   'd'  bytes, as many as it takes          'u'  to send bytes, which are thrown away
//   0    (a frame's first byte) the same bytes back, as an answer to a hello
#include "../ceiling/server.h"
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { message_size = 1 << 20, record_size = 16 << 10 };

struct connection {
    SSL *ssl;
    int descriptor, is_open;
    char wish;
    size_t sent;  // of the message under way
};

static uint8_t message[message_size], room[record_size];

// False when the connection has ended.
static int goes_on(struct connection *c, int result) {
    int code = SSL_get_error(c->ssl, result);
    return code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE;
}

static int send_messages(struct connection *c) {
    for (;;) {
        int count = SSL_write(c->ssl, message + c->sent, (int)(message_size - c->sent));
        if (count <= 0) return goes_on(c, count);
        c->sent = (c->sent + (size_t)count) % message_size;
    }
}

static int serve(struct connection *c, int epoll) {
    if (!c->is_open) {
        int result = SSL_accept(c->ssl);
        if (result != 1) return goes_on(c, result);
        c->is_open = 1;
    }
    if (c->wish == 'd') return send_messages(c);
    do {
        int count = SSL_read(c->ssl, room, sizeof room);
        if (count <= 0) return goes_on(c, count);
        if (!c->wish) c->wish = room[0] ? (char)room[0] : 'h';
        if (c->wish == 'h' && SSL_write(c->ssl, room, count) != count) return 0;
        if (c->wish == 'd') {
            struct epoll_event event = {.events = EPOLLOUT, .data.ptr = c};
            epoll_ctl(epoll, EPOLL_CTL_MOD, c->descriptor, &event);
            return send_messages(c);
        }
    } while (SSL_has_pending(c->ssl));
    return 1;
}

static void drop(struct connection *c) {
    SSL_free(c->ssl);
    close(c->descriptor);
    free(c);
}

static void take(int listener, int epoll, SSL_CTX *context) {
    int descriptor, one = 1;
    while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct connection *c = check(calloc(1, sizeof *c), "calloc");
        c->descriptor = descriptor;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        c->ssl = check(SSL_new(context), "SSL_new");
        SSL_set_fd(c->ssl, descriptor);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
    }
}

int main(int count, char **arguments) {
    must(count == 3, "usage: plain CERTIFICATE.pem KEY.pem:");
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX *context = server_context(arguments[1], arguments[2]);
    int listener = listen_anywhere(SOCK_NONBLOCK), epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c) {
                take(listener, epoll, context);
            } else {
                ERR_clear_error();
                if (!serve(c, epoll)) drop(c);
            }
        }
    }
}
