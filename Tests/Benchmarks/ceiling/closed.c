// The load of the yardstick: a closed loop with one call in flight on each connection, from one thread; the same program
// for both sides, so that what it costs is the same.
//
//   closed steward|http PORT CA.pem SERVER-NAME SESSIONS CONNECTIONS WARM-UP-SECONDS SECONDS
//
// SESSIONS is a file of requests, each after its length (4 bytes, big-endian); an empty one ends a session. Connections
// take the sessions in turn. The first request of a session is sent once on each of its connections (AttachSession; any
// request of the token); the others are sent over and over in their order, from a place drawn at random on. For Steward
// a request is a frame without its length and call id, for HTTP all of it. 32 dots in it become an id that is new each time.
// Prints "begin" when the warm-up is over; "end" and a line of JSON when the time is: whoever started it reads the
// servers' CPU time at these two lines. A call that fails ends it.
#include "client.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/random.h>

enum { request_id_size = 32 };
static const char blank[request_id_size + 1] = "................................";

// A request as it stands in the file, and where in it the id stands (0: nowhere).
struct request {
    uint8_t *data;
    size_t size, id_at;
};

struct session {
    struct request *requests;
    size_t count;
};

struct connection {
    struct client client;
    const struct session *session;
    size_t next;
    uint64_t last_call, started;
};

static int is_http;
static struct session *sessions;
static size_t session_count;
static char id_prefix[17];
static uint64_t id_counter;

static uint32_t *latencies;  // microseconds
static size_t latency_count, latency_size;
static int is_measuring;

static struct bytes read_file(const char *path) {
    struct bytes b = {0};
    FILE *file = check(fopen(path, "rb"), path);
    size_t count;
    while ((count = fread(bytes_room(&b, 65536), 1, 65536, file)) > 0) b.end += count;
    fclose(file);
    return b;
}

static void load_sessions(const char *path) {
    struct bytes file = read_file(path);
    const uint8_t *data;
    uint32_t size;
    struct session one = {0};
    while ((data = next_frame(&file, &size))) {
        if (size > 0) {
            one.requests = check(realloc(one.requests, (one.count + 1) * sizeof *one.requests), "realloc");
            uint8_t *id = memmem(data, size, blank, request_id_size);
            one.requests[one.count++] = (struct request){(uint8_t *)data, size, id ? (size_t)(id - data) : 0};
            continue;
        }
        must(one.count > 1, "a session needs two requests:");
        sessions = check(realloc(sessions, (session_count + 1) * sizeof *sessions), "realloc");
        sessions[session_count++] = one;
        one = (struct session){0};
    }
    must(session_count > 0, path);
}

static void send_request(struct connection *c, const struct request *request) {
    uint64_t id = ++c->last_call;
    uint8_t *room = bytes_room(&c->client.out, 4 + 11 + request->size), *at = room;
    if (!is_http) {
        at += 4;
        *at++ = 0x08;
        for (; id >= 0x80; id >>= 7) *at++ = (uint8_t)id | 0x80;
        *at++ = (uint8_t)id;
        put32(room, (uint32_t)(at - (room + 4) + request->size));
    }
    memcpy(at, request->data, request->size);
    if (request->id_at) {
        char text[request_id_size + 1];
        snprintf(text, sizeof text, "%s%016llx", id_prefix, (unsigned long long)++id_counter);
        memcpy(at + request->id_at, text, request_id_size);
    }
    c->client.out.end += (at - room) + request->size;
    c->started = now();
    flush(&c->client);
}

static void send_next(struct connection *c) {
    send_request(c, &c->session->requests[c->next]);
    if (++c->next == c->session->count) c->next = 1;
}

// Takes an answer of HTTP/1.1 out of the buffer. False when it is not complete.
static int take_answer(struct bytes *in) {
    const char *text = (const char *)in->data + in->start;
    size_t count = bytes_count(in);
    const char *end = memmem(text, count, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = end + 4 - text;
    const char *length = memmem(text, head, "\r\nContent-Length: ", 18);
    if (memcmp(text, "HTTP/1.1 20", 11) != 0 || !length) {
        fprintf(stderr, "a call failed:\n%.*s\n", (int)count, text);
        exit(1);
    }
    size_t size = head + strtoul(length + 18, NULL, 10);
    if (count < size) return 0;
    in->start += size;
    return 1;
}

// Takes what there is of frames out of the buffer. True when one of them ends the call.
static int take_frames(struct client *client) {
    const uint8_t *body;
    uint32_t size;
    int ends = 0;
    while ((body = next_frame(&client->in, &size))) {
        Frame *frame = check(steward__rpc__v1__frame__unpack(NULL, size, body), "unpacking a frame");
        ends |= frame->status != NULL;
        expect_well(frame);
        answer_ping(client, frame);
        steward__rpc__v1__frame__free_unpacked(frame, NULL);
    }
    flush(client);
    return ends;
}

// Reads what there is; true when the call has ended.
static int receive(struct connection *c) {
    must(tls_read(c->client.ssl, &c->client.in), "reading: the server is gone;");
    return is_http ? take_answer(&c->client.in) : take_frames(&c->client);
}

static void note_latency(const struct connection *c) {
    if (!is_measuring) return;
    if (latency_count == latency_size)
        latencies = check(realloc(latencies, (latency_size = latency_size * 2 + 4096) * sizeof *latencies), "realloc");
    latencies[latency_count++] = (uint32_t)((now() - c->started) / 1000);
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(double seconds) {
    puts("end");
    fflush(stdout);
    must(latency_count > 0, "no call ended in time;");
    qsort(latencies, latency_count, sizeof *latencies, compare);
    printf("{\"calls\": %zu, \"seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n", latency_count, seconds,
        latencies[latency_count / 2], latencies[latency_count * 99 / 100], latencies[latency_count - 1]);
    fflush(stdout);
}

static void run(int epoll, uint64_t warm_up, uint64_t span) {
    struct epoll_event events[256];
    uint64_t begin = now() + warm_up, end = begin + span, moment;
    while ((moment = now()) < end) {
        if (!is_measuring && moment >= begin) {
            is_measuring = 1;
            begin = moment;
            puts("begin");
            fflush(stdout);
        }
        int ready = epoll_wait(epoll, events, 256, 10);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            if (!receive(c)) continue;
            note_latency(c);
            send_next(c);
        }
    }
    report((double)(moment - begin) / 1e9);
}

static struct connection *connect_session(SSL_CTX *context, const struct session *session, int port, const char *name) {
    struct connection *c = check(calloc(1, sizeof *c), "calloc");
    c->session = session;
    c->next = 1 + (size_t)random() % (session->count - 1);
    c->client.descriptor = connect_from(1, port);
    c->client.ssl = shake_hands(context, c->client.descriptor, name, NULL);
    if (!is_http) say_hello(&c->client);
    send_request(c, &session->requests[0]);
    while (!receive(c)) {}
    fcntl(c->client.descriptor, F_SETFL, O_NONBLOCK);
    return c;
}

int main(int count, char **arguments) {
    must(count == 9, "usage: see the head of closed.c;");
    is_http = strcmp(arguments[1], "http") == 0;
    must(is_http || strcmp(arguments[1], "steward") == 0, "steward or http;");
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    uint64_t seed;
    must(getrandom(&seed, sizeof seed, 0) == sizeof seed, "getrandom");
    snprintf(id_prefix, sizeof id_prefix, "%016llx", (unsigned long long)seed);
    srandom((unsigned)seed);

    load_sessions(arguments[5]);
    SSL_CTX *context = client_context(arguments[3]);
    if (is_http) SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x08http/1.1", 9);
    int epoll = epoll_create1(0), connections = atoi(arguments[6]);
    for (int i = 0; i < connections; i++) {
        struct connection *c =
            connect_session(context, &sessions[i % session_count], atoi(arguments[2]), arguments[4]);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->client.descriptor, &event);
        send_next(c);
    }
    run(epoll, (uint64_t)(atof(arguments[7]) * 1e9), (uint64_t)(atof(arguments[8]) * 1e9));
}
