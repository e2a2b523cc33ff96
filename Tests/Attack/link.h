// A connection of the attacker, and the frames of proto/README.md written by hand, right or wrong.
#pragma once
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdlib.h>

// Whom the attacker goes for.
struct target {
    int port;
    const char *trust_roots, *server_name;
    // Connections come from so many addresses of the loopback in turn, from this one on.
    uint32_t first_source;
    int sources;
    SSL_CTX *tls;
};
extern struct target target;

// What became of the attack, over all threads.
struct outcome {
    _Atomic long connected, refused, closed, sent, answered;
};
extern struct outcome outcome;

struct bytes {
    uint8_t *data;
    size_t count, size;
};

struct link {
    int socket;
    SSL *ssl;
    struct bytes in;
    long statuses;  // that have come
};

double now(void);

// Frames.
void put(struct bytes *b, const void *data, size_t count);
void put_varint(struct bytes *b, uint64_t value);
void put_number(struct bytes *b, int field, uint64_t value);
void put_field(struct bytes *b, int field, const void *data, size_t count);
void put_text(struct bytes *b, int field, const char *text);
// Writes the length of the frame that begins at `start`, where four bytes were left for it.
size_t begin_frame(struct bytes *b);
void end_frame(struct bytes *b, size_t start);
// A hello with these credits; below zero leaves them out.
void put_hello(struct bytes *b, long call_credit, long connection_credit);
void put_call(struct bytes *b, uint64_t id, const char *method, const struct bytes *metadata, const struct bytes *payload);
void put_cancel(struct bytes *b, uint64_t id);
void put_ping(struct bytes *b, uint64_t token);
void put_credit(struct bytes *b, uint64_t id, uint32_t credit);

// Connections. They block, for a second at most.
int dial(void);
int open_tls(struct link *l, SSL_SESSION *resume);
int say_hello(struct link *l, long call_credit, long connection_credit);
// False when the connection is gone.
int send_all(struct link *l, const void *data, size_t count);
// Reads what is there and counts answers and reasons; waits up to `milliseconds` for something. False when gone.
int receive(struct link *l, int milliseconds);
// Closes; `abruptly` with a reset.
void close_link(struct link *l, int abruptly);
void print_outcome(void);

// Calls as a well-behaved client until `end`, and prints how long that took.
int stand_by(int clients, double end);
