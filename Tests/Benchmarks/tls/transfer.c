// Moves bytes over one connection as fast as it goes, in messages of 1 MiB, and says how many.
//
//   transfer PORT CA.pem SERVER-NAME plain|steward down|up WARM-UP-SECONDS SECONDS
//
// `plain` talks to plain.c: bytes in TLS and nothing else. `steward` talks to steward-echo: the messages of one streaming
// call, in frames. Prints "begin", "end" and a line of JSON, as ../ceiling/load.c does.
#include "../ceiling/client.h"
#include <signal.h>

// A message goes out in pieces of so many bytes, so that the window opens again before it is used up.
enum { message_size = 1 << 20, piece_size = 64 << 10 };

static uint64_t begin, end;
static uint64_t moved;
static int is_measuring;

// Counts bytes; false when the time is over.
static int note_moved(size_t count) {
    uint64_t moment = now();
    if (!is_measuring && moment >= begin) {
        is_measuring = 1;
        moved = 0;
        end += moment - begin;
        begin = moment;
        puts("begin");
        fflush(stdout);
    }
    moved += count;
    if (moment < end) return 1;
    printf("end\n{\"bytes\": %llu, \"seconds\": %.6f}\n", (unsigned long long)moved, (double)(moment - begin) / 1e9);
    fflush(stdout);
    return 0;
}

static void write_all(struct client *c, const uint8_t *data, size_t size) {
    while (size > 0) {
        int count = SSL_write(c->ssl, data, (int)size);
        must(count > 0, "writing: the server is gone;");
        data += count, size -= (size_t)count;
    }
}

static void plain_down(struct client *c) {
    static uint8_t room[64 << 10];
    int count;
    write_all(c, (const uint8_t *)"d", 1);
    do must((count = SSL_read(c->ssl, room, sizeof room)) > 0, "reading: the server is gone;");
    while (note_moved((size_t)count));
}

static void plain_up(struct client *c) {
    static uint8_t message[message_size];
    memset(message, 'u', sizeof message);
    do write_all(c, message, sizeof message);
    while (note_moved(sizeof message));
}

static uint64_t varint(const uint8_t **at) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
}

// What matters of a frame, without a copy of its payload.
struct parts {
    uint64_t call_id, payload, credit;
    int is_end;
};

static struct parts look_at(const uint8_t *at, uint32_t size) {
    struct parts parts = {0};
    for (const uint8_t *last = at + size; at < last;) {
        uint64_t tag = varint(&at), number = tag >> 3, value = varint(&at);
        if ((tag & 7) == 2) at += value;
        if (number == 1) parts.call_id = value;
        if (number == 4) parts.payload = value;
        if (number == 9) parts.credit = value;
        if (number == 7 || number == 12) parts.is_end = 1;
    }
    return parts;
}

// The next frame from the server.
static struct parts next(struct client *c) {
    const uint8_t *body;
    uint32_t size;
    while (!(body = next_frame(&c->in, &size))) must(tls_read(c->ssl, &c->in), "reading: the server is gone;");
    struct parts parts = look_at(body, size);
    if (parts.is_end) expect_well(check(steward__rpc__v1__frame__unpack(NULL, size, body), "unpacking a frame"));
    must(!parts.is_end, "the stream ended;");
    return parts;
}

// The first frame from the server says how much may be sent.
static void read_hello(struct client *c, int64_t *call, int64_t *connection) {
    const uint8_t *body;
    uint32_t size;
    while (!(body = next_frame(&c->in, &size))) must(tls_read(c->ssl, &c->in), "reading: the server is gone;");
    Frame *frame = check(steward__rpc__v1__frame__unpack(NULL, size, body), "unpacking a frame");
    must(frame->hello != NULL, "the server's hello comes first;");
    *call = frame->hello->has_call_credit ? frame->hello->call_credit : INT64_MAX / 2;
    *connection = frame->hello->has_connection_credit ? frame->hello->connection_credit : INT64_MAX / 2;
    steward__rpc__v1__frame__free_unpacked(frame, NULL);
}

static void begin_call(struct client *c, const char *method, int has_ended) {
    Frame frame = STEWARD__RPC__V1__FRAME__INIT;
    Steward__Rpc__V1__Start start = STEWARD__RPC__V1__START__INIT;
    say_hello(c);
    start.method = (char *)method;
    frame.has_call_id = frame.call_id = 1;
    frame.start = &start;
    frame.has_end = frame.end = has_ended;
    send_frame(c, &frame);
    flush(c);
}

static void steward_down(struct client *c) {
    begin_call(c, "steward.bench.v1.StreamService/Download", 1);
    while (note_moved(next(c).payload)) {}
}

// The frames of one message of steward.rpc.v1.Entry with a value of 1 MiB, all of it 'u'.
static struct bytes make_frames(size_t *count, size_t payloads[]) {
    static uint8_t message[message_size + 8];
    struct bytes frames = {0};
    size_t size = message_size + 4, at = 0;
    memcpy(message, "\x12\x80\x80\x40", 4);
    memset(message + 4, 'u', message_size);
    for (*count = 0; at < size; (*count)++) {
        size_t piece = size - at < piece_size ? size - at : piece_size;
        struct client out = {.out = frames};
        Frame frame = STEWARD__RPC__V1__FRAME__INIT;
        frame.has_call_id = frame.call_id = frame.has_payload = 1;
        frame.payload.data = message + at;
        frame.payload.len = payloads[*count] = piece;
        at += piece;
        frame.has_more = frame.more = at < size;
        send_frame(&out, &frame);
        frames = out.out;
    }
    return frames;
}

static void steward_up(struct client *c) {
    int64_t call, connection;
    size_t count, payloads[message_size / piece_size + 2];
    struct bytes frames = make_frames(&count, payloads);
    begin_call(c, "steward.bench.v1.StreamService/Upload", 0);
    read_hello(c, &call, &connection);
    for (;;) {
        struct bytes rest = frames;
        for (size_t i = 0; i < count; i++) {
            while (call <= 0 || connection <= 0) {
                struct parts parts = next(c);
                *(parts.call_id ? &call : &connection) += (int64_t)parts.credit;
            }
            size_t frame = 4 + get32(rest.data + rest.start);
            write_all(c, rest.data + rest.start, frame);
            rest.start += frame;
            call -= (int64_t)payloads[i], connection -= (int64_t)payloads[i];
            if (!note_moved(payloads[i])) return;
        }
    }
}

int main(int count, char **arguments) {
    must(count == 8, "usage: see the head of transfer.c;");
    signal(SIGPIPE, SIG_IGN);
    struct client c = {0};
    c.descriptor = connect_from(1, atoi(arguments[1]));
    c.ssl = shake_hands(client_context(arguments[2]), c.descriptor, arguments[3], NULL);
    int is_plain = strcmp(arguments[4], "plain") == 0, is_down = strcmp(arguments[5], "down") == 0;
    begin = now() + (uint64_t)(atof(arguments[6]) * 1e9);
    end = begin + (uint64_t)(atof(arguments[7]) * 1e9);
    (is_plain ? (is_down ? plain_down : plain_up) : (is_down ? steward_down : steward_up))(&c);
}
