#include "link.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct target target;
struct outcome outcome;

// Reasons that the server gave, and how often.
static struct {
    char name[64];
    long count;
} reasons[64];
static pthread_mutex_t reasons_lock = PTHREAD_MUTEX_INITIALIZER;

double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void count_reason(const uint8_t *text, size_t count) {
    char name[64] = {0};
    memcpy(name, text, count < sizeof name - 1 ? count : sizeof name - 1);
    pthread_mutex_lock(&reasons_lock);
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].name[0] && strcmp(reasons[i].name, name) != 0) continue;
        memcpy(reasons[i].name, name, sizeof name);
        reasons[i].count++;
        break;
    }
    pthread_mutex_unlock(&reasons_lock);
}

void print_outcome(void) {
    printf("connected %ld\nrefused %ld\nclosed %ld\nsent %ld\nanswered %ld\n", outcome.connected, outcome.refused,
        outcome.closed, outcome.sent, outcome.answered);
    for (size_t i = 0; reasons[i].name[0]; i++) printf("reason %s %ld\n", reasons[i].name, reasons[i].count);
    fflush(stdout);
}

// ---- frames

void put(struct bytes *b, const void *data, size_t count) {
    if (b->size - b->count < count) {
        b->size = (b->count + count) * 2;
        b->data = realloc(b->data, b->size);
        if (!b->data) abort();
    }
    if (count > 0) memcpy(b->data + b->count, data, count);
    b->count += count;
}

void put_varint(struct bytes *b, uint64_t value) {
    uint8_t digits[10];
    size_t count = 0;
    for (; value > 0x7f; value >>= 7) digits[count++] = (uint8_t)(value | 0x80);
    digits[count++] = (uint8_t)value;
    put(b, digits, count);
}

void put_number(struct bytes *b, int field, uint64_t value) {
    put_varint(b, (uint64_t)field << 3);
    put_varint(b, value);
}

void put_field(struct bytes *b, int field, const void *data, size_t count) {
    put_varint(b, (uint64_t)field << 3 | 2);
    put_varint(b, count);
    put(b, data, count);
}

void put_text(struct bytes *b, int field, const char *text) { put_field(b, field, text, strlen(text)); }

size_t begin_frame(struct bytes *b) {
    put(b, "\0\0\0\0", 4);
    return b->count;
}

void end_frame(struct bytes *b, size_t start) {
    uint32_t length = htonl((uint32_t)(b->count - start));
    memcpy(b->data + start - 4, &length, 4);
}

void put_hello(struct bytes *b, long call_credit, long connection_credit) {
    struct bytes hello = {0};
    put_number(&hello, 1, 1);
    put_number(&hello, 2, 1);
    put_text(&hello, 3, "attack/1");
    put_number(&hello, 4, 1 << 20);
    put_number(&hello, 5, 4 << 20);
    if (call_credit >= 0) put_number(&hello, 7, (uint64_t)call_credit);
    if (connection_credit >= 0) put_number(&hello, 8, (uint64_t)connection_credit);
    size_t start = begin_frame(b);
    put_field(b, 10, hello.data, hello.count);
    end_frame(b, start);
    free(hello.data);
}

void put_call(struct bytes *b, uint64_t id, const char *method, const struct bytes *metadata, const struct bytes *payload) {
    struct bytes call = {0};
    put_text(&call, 1, method);
    if (metadata) put(&call, metadata->data, metadata->count);
    size_t start = begin_frame(b);
    put_number(b, 1, id);
    put_field(b, 2, call.data, call.count);
    put_field(b, 4, payload ? payload->data : NULL, payload ? payload->count : 0);
    put_number(b, 6, 1);
    end_frame(b, start);
    free(call.data);
}

void put_cancel(struct bytes *b, uint64_t id) {
    size_t start = begin_frame(b);
    put_number(b, 1, id);
    put_field(b, 8, NULL, 0);
    end_frame(b, start);
}

void put_ping(struct bytes *b, uint64_t token) {
    struct bytes ping = {0};
    put_number(&ping, 1, token);
    size_t start = begin_frame(b);
    put_field(b, 11, ping.data, ping.count);
    end_frame(b, start);
    free(ping.data);
}

void put_credit(struct bytes *b, uint64_t id, uint32_t credit) {
    size_t start = begin_frame(b);
    if (id) put_number(b, 1, id);
    put_number(b, 9, credit);
    end_frame(b, start);
}

// The bytes of length-delimited field `wanted` of a message; NULL when it has none.
static const uint8_t *find(const uint8_t *at, const uint8_t *end, int wanted, size_t *count) {
    while (at && at < end) {
        uint64_t numbers[2] = {0};
        for (int i = 0; i < 2; i++)
            for (int shift = 0; at < end && shift < 64; shift += 7) {
                numbers[i] |= (uint64_t)(*at & 0x7f) << shift;
                if (*at++ < 0x80) break;
            }
        if ((numbers[0] & 7) != 2) continue;
        if (numbers[1] > (uint64_t)(end - at)) return NULL;
        if (numbers[0] >> 3 == (uint64_t)wanted) {
            *count = numbers[1];
            return at;
        }
        at += numbers[1];
    }
    return NULL;
}

static void note_frames(struct link *l) {
    struct bytes *in = &l->in;
    size_t at = 0;
    uint32_t length;
    while (in->count - at >= 4 && (memcpy(&length, in->data + at, 4), in->count - at - 4 >= ntohl(length))) {
        const uint8_t *frame = in->data + at + 4, *end = frame + ntohl(length), *part, *reason;
        size_t size;
        if ((part = find(frame, end, 7, &size))) {
            outcome.answered++;
            l->statuses++;
            const uint8_t *stop = part + size;
            if ((reason = find(part, stop, 3, &size))) count_reason(reason, size);
        }
        if ((part = find(frame, end, 12, &size))) {
            const uint8_t *stop = part + size;
            if ((part = find(part, stop, 2, &size)) && (reason = find(part, part + size, 3, &size)))
                count_reason(reason, size);
        }
        at += 4 + ntohl(length);
    }
    memmove(in->data, in->data + at, in->count - at);
    in->count -= at;
}

// ---- connections

int dial(void) {
    static _Atomic unsigned dialed;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    struct timeval patience = {.tv_sec = 1};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target.port)};
    from.sin_addr.s_addr = htonl(target.first_source + dialed++ % (unsigned)target.sources);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && bind(fd, (void *)&from, sizeof from) == 0 && connect(fd, (void *)&to, sizeof to) == 0) return fd;
    if (fd >= 0) close(fd);
    outcome.refused++;
    return -1;
}

int open_tls(struct link *l, SSL_SESSION *resume) {
    *l = (struct link){.socket = dial()};
    if (l->socket < 0) return 0;
    l->ssl = SSL_new(target.tls);
    SSL_set_fd(l->ssl, l->socket);
    SSL_set_tlsext_host_name(l->ssl, target.server_name);
    if (resume) SSL_set_session(l->ssl, resume);
    if (SSL_connect(l->ssl) == 1) {
        outcome.connected++;
        return 1;
    }
    outcome.refused++;
    close_link(l, 1);
    return 0;
}

int say_hello(struct link *l, long call_credit, long connection_credit) {
    struct bytes b = {0};
    put_hello(&b, call_credit, connection_credit);
    int done = send_all(l, b.data, b.count);
    free(b.data);
    return done;
}

int send_all(struct link *l, const void *data, size_t count) {
    const uint8_t *at = data;
    while (count > 0) {
        int sent = SSL_write(l->ssl, at, count > 1 << 20 ? 1 << 20 : (int)count);
        if (sent <= 0) return 0;
        at += sent;
        count -= (size_t)sent;
        outcome.sent += sent;
    }
    return 1;
}

int receive(struct link *l, int milliseconds) {
    uint8_t room[16384];
    struct pollfd ready = {.fd = l->socket, .events = POLLIN};
    while (SSL_pending(l->ssl) > 0 || poll(&ready, 1, milliseconds) > 0) {
        int count = SSL_read(l->ssl, room, sizeof room);
        if (count <= 0) {
            int code = SSL_get_error(l->ssl, count);
            if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) return 1;
            outcome.closed++;
            return 0;
        }
        put(&l->in, room, (size_t)count);
        note_frames(l);
        milliseconds = 0;
    }
    return 1;
}

void close_link(struct link *l, int abruptly) {
    struct linger none = {.l_onoff = 1};
    if (abruptly && l->socket >= 0) setsockopt(l->socket, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    if (l->ssl && !abruptly) SSL_shutdown(l->ssl);
    // A session whose connection was lost could not be resumed otherwise.
    if (l->ssl) SSL_set_shutdown(l->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(l->ssl);
    if (l->socket >= 0) close(l->socket);
    free(l->in.data);
    *l = (struct link){.socket = -1};
}
