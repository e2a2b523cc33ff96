// The load: calls one method over and over, so many at a time, from one thread; the same program for every server that
// is measured.
//
//   load PORT CA.pem SERVER-NAME METHOD PAYLOADS CONNECTIONS IN-FLIGHT WARM-UP-SECONDS SECONDS
//        [ATTACH-PAYLOAD [request-ids]]
//   load PORT CA.pem SERVER-NAME METHOD PAYLOADS CONNECTIONS IN-FLIGHT WARM-UP-SECONDS SECONDS ATTACH-PAYLOADS at-random
//
// What the server grants as credit is not counted: there is never more under way here than the half of a window after
// which it grants again.
//
// PAYLOADS is a file of request messages, each after its length (4 bytes, big-endian), sent in turn. ATTACH-PAYLOAD is
// a file with one request of SessionService/AttachSession, called first on each connection. With `request-ids` each
// call has a request id of its own. With `at-random` each connection has a session and a payload of its own, the next of
// ATTACH-PAYLOADS (as PAYLOADS) and of PAYLOADS; IN-FLIGHT calls are under way in all, each on a connection drawn at random.
// Prints "begin" when the warm-up is over; "end" and a line of JSON when the time is: whoever started it reads the
// servers' CPU time at these two lines. A call that fails ends it.
#include "client.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/random.h>

// More than the most calls under way on a connection: a call's place in the table of start times is its id modulo this.
enum { started_size = 4096, request_id_size = 32 };

// A request frame without length and call id, and where in it the request id stands (0: nowhere).
struct request {
    uint8_t *tail;
    size_t size, id_at;
};

struct connection {
    struct client client;
    const struct request *own;  // NULL: the next of all
    uint64_t last_call;
    uint64_t started[started_size];
};

static struct connection **connections;
static int connection_count, is_at_random;
static struct request *requests;
static size_t request_count, next_request;
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

static struct request make_request(const char *method, const uint8_t *payload, size_t size, int with_id) {
    static const char blank[request_id_size + 1] = "................................";
    Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    Steward__Rpc__V1__Start start = STEWARD__RPC__V1__START__INIT;
    start.method = (char *)method;
    start.has_timeout_ms = 1;
    start.timeout_ms = 30000;
    if (with_id) start.request_id = (char *)blank;
    frame.start = &start;
    frame.has_payload = frame.has_end = frame.end = 1;
    frame.payload.data = (uint8_t *)payload;
    frame.payload.len = size;
    struct request request = {.size = steward__rpc__v1__frame__get_packed_size(&frame)};
    request.tail = check(malloc(request.size), "malloc");
    steward__rpc__v1__frame__pack(&frame, request.tail);
    if (with_id)
        request.id_at = (uint8_t *)memmem(request.tail, request.size, blank, request_id_size) - request.tail;
    return request;
}

static void load_requests(const char *method, const char *path, int with_ids) {
    struct bytes file = read_file(path);
    const uint8_t *payload;
    uint32_t size;
    while ((payload = next_frame(&file, &size))) {
        requests = check(realloc(requests, (request_count + 1) * sizeof *requests), "realloc");
        requests[request_count++] = make_request(method, payload, size, with_ids);
    }
    must(request_count > 0, path);
}

static void send_call(struct connection *c, const struct request *request) {
    uint64_t id = ++c->last_call;
    uint8_t *room = bytes_room(&c->client.out, 4 + 11 + request->size), *at = room + 4;
    *at++ = 0x08;
    for (; id >= 0x80; id >>= 7) *at++ = (uint8_t)id | 0x80;
    *at++ = (uint8_t)id;
    memcpy(at, request->tail, request->size);
    if (request->id_at) {
        char text[request_id_size + 1];
        snprintf(text, sizeof text, "%s%016llx", id_prefix, (unsigned long long)++id_counter);
        memcpy(at + request->id_at, text, request_id_size);
    }
    put32(room, (uint32_t)(at - (room + 4) + request->size));
    c->client.out.end += (at - room) + request->size;
    c->started[c->last_call % started_size] = now();
}

static void send_next(struct connection *c) {
    if (c->own) return send_call(c, c->own);
    send_call(c, &requests[next_request]);
    next_request = (next_request + 1) % request_count;
}

static struct connection *any(void) { return connections[random() % connection_count]; }

// True when the frame ends a call.
static int handle(struct connection *c, const uint8_t *body, uint32_t size) {
    Frame *frame = check(steward__rpc__v1__frame__unpack(NULL, size, body), "unpacking a frame");
    int ends = frame->status != NULL;
    expect_well(frame);
    answer_ping(&c->client, frame);
    if (ends && is_measuring) {
        if (latency_count == latency_size)
            latencies =
                check(realloc(latencies, (latency_size = latency_size * 2 + 4096) * sizeof *latencies), "realloc");
        latencies[latency_count++] = (uint32_t)((now() - c->started[frame->call_id % started_size]) / 1000);
    }
    steward__rpc__v1__frame__free_unpacked(frame, NULL);
    return ends;
}

// Reads what there is; returns how many calls have ended.
static int receive(struct connection *c) {
    must(tls_read(c->client.ssl, &c->client.in), "reading: the server is gone;");
    const uint8_t *body;
    uint32_t size;
    int ended = 0;
    while ((body = next_frame(&c->client.in, &size))) ended += handle(c, body, size);
    return ended;
}

static void attach(struct connection *c, const uint8_t *payload, size_t size) {
    struct request request = make_request("steward.rpc.v1.SessionService/AttachSession", payload, size, 0);
    send_call(c, &request);
    flush(&c->client);
    while (receive(c) == 0) {}
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(double seconds) {
    qsort(latencies, latency_count, sizeof *latencies, compare);
    must(latency_count > 0, "no call ended in time;");
    printf("end\n{\"calls\": %zu, \"seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n", latency_count,
        seconds, latencies[latency_count / 2], latencies[latency_count * 99 / 100], latencies[latency_count - 1]);
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
            for (int ended = receive(c); ended > 0; ended--) {
                struct connection *next = is_at_random ? any() : c;
                send_next(next);
                if (next != c) flush(&next->client);
            }
            flush(&c->client);
        }
    }
    report((double)(moment - begin) / 1e9);
}

int main(int count, char **arguments) {
    must(count >= 10, "usage: see the head of load.c;");
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    uint64_t seed;
    must(getrandom(&seed, sizeof seed, 0) == sizeof seed, "getrandom");
    snprintf(id_prefix, sizeof id_prefix, "%016llx", (unsigned long long)seed);
    srandom((unsigned)seed);

    SSL_CTX *context = client_context(arguments[2]);
    is_at_random = count > 11 && strcmp(arguments[11], "at-random") == 0;
    load_requests(arguments[4], arguments[5], count > 11 && !is_at_random);
    int in_flight = atoi(arguments[7]), epoll = epoll_create1(0);
    must(in_flight < started_size, "too many calls in flight:");
    connection_count = atoi(arguments[6]);
    connections = check(calloc(connection_count, sizeof *connections), "calloc");
    struct bytes sessions = count > 10 ? read_file(arguments[10]) : (struct bytes){0};
    for (int i = 0; i < connection_count; i++) {
        struct connection *c = connections[i] = check(calloc(1, sizeof *c), "calloc");
        open_client(&c->client, context, 1, atoi(arguments[1]), arguments[3]);
        uint32_t size = bytes_count(&sessions);
        const uint8_t *session = is_at_random ? next_frame(&sessions, &size) : sessions.data;
        if (is_at_random) c->own = &requests[i % request_count];
        if (count > 10) attach(c, check((void *)session, "a session for each connection"), size);
        fcntl(c->client.descriptor, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->client.descriptor, &event);
        for (int n = 0; n < in_flight && !is_at_random; n++) send_next(c);
        flush(&c->client);
    }
    for (int n = 0; n < in_flight && is_at_random; n++) {
        struct connection *c = any();
        send_next(c);
        flush(&c->client);
    }
    run(epoll, (uint64_t)(atof(arguments[8]) * 1e9), (uint64_t)(atof(arguments[9]) * 1e9));
}
