// Opens many connections, makes one call on each, and holds them: what an idle connection costs a server.
//
//   hold PORT CA.pem SERVER-NAME METHOD PAYLOADS COUNT
//
// Prints "ready" once all are open and their calls answered; from then on answers pings, until standard input ends.
// METHOD and PAYLOADS are those of ../ceiling/load.c.
#include "../ceiling/client.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>

// Connections from one address: below the some 28,000 ports that it has.
enum { per_address = 5000 };

static const char *method;
static struct bytes payloads;

static void call(struct client *c) {
    struct bytes rest = payloads;
    uint32_t size;
    Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    Steward__Rpc__V1__Start start = STEWARD__RPC__V1__START__INIT;
    start.method = (char *)method;
    frame.has_call_id = frame.call_id = frame.has_payload = frame.has_end = frame.end = 1;
    frame.start = &start;
    frame.payload.data = (uint8_t *)check((void *)next_frame(&rest, &size), "a payload");
    frame.payload.len = size;
    send_frame(c, &frame);
}

// Reads and answers pings; returns how many calls have ended.
static int receive(struct client *c) {
    const uint8_t *body;
    uint32_t size;
    int ended = 0;
    must(tls_read(c->ssl, &c->in), "reading: the server is gone;");
    while ((body = next_frame(&c->in, &size))) {
        Frame *frame = check(steward__rpc__v1__frame__unpack(NULL, size, body), "unpacking a frame");
        expect_well(frame);
        answer_ping(c, frame);
        ended += frame->status != NULL;
        steward__rpc__v1__frame__free_unpacked(frame, NULL);
    }
    flush(c);
    return ended;
}

// False when standard input has ended.
static int receive_all(int epoll, int timeout) {
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, timeout);
    for (int i = 0; i < ready; i++) {
        if (!events[i].data.ptr) return 0;
        receive(events[i].data.ptr);
    }
    return 1;
}

static void watch(int epoll, int descriptor, struct client *c) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    must(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0, "epoll_ctl");
}

static void read_payloads(const char *path) {
    FILE *file = check(fopen(path, "rb"), path);
    payloads.end = fread(bytes_room(&payloads, 65536), 1, 65536, file);
    fclose(file);
}

int main(int count, char **arguments) {
    must(count == 7, "usage: see the head of hold.c;");
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    SSL_CTX *context = client_context(arguments[2]);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    method = arguments[4];
    read_payloads(arguments[5]);
    int wanted = atoi(arguments[6]), epoll = epoll_create1(0);
    for (int i = 0; i < wanted; i++) {
        struct client *c = check(calloc(1, sizeof *c), "calloc");
        open_client(c, context, 2 + i / per_address, atoi(arguments[1]), arguments[3]);
        call(c);
        flush(c);
        while (receive(c) == 0) {}
        fcntl(c->descriptor, F_SETFL, O_NONBLOCK);
        watch(epoll, c->descriptor, c);
        must(receive_all(epoll, 0), "standard input");  // pings that came meanwhile
    }
    puts("ready");
    fflush(stdout);
    watch(epoll, STDIN_FILENO, NULL);
    while (receive_all(epoll, -1)) {}
}
