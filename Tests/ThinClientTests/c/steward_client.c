#define _GNU_SOURCE
#include "steward_client.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef Steward__Rpc__V1__Frame frame;
typedef struct steward_buffer buffer;

enum {
    FRAME_ROOM = 48,           /* call_id, the head of the payload, more and end take less */
    COST_MIN = 64,             /* (6) what a payload costs at least */
    CONNECT_MS = 10000,
    HEARD_MS = 30000,          /* (9) how long silence may last, */
    ANSWER_MS = 10000,         /* and then the answer to a ping */
    LATE_MS = 2000,            /* the server ends a call that is out of time; so much later the client does it itself */
    UNSENT_BYTES_MAX = 1 << 20 /* what may wait for the socket before steward_send waits too */
};
static const int64_t UNCOUNTED = INT64_MAX / 2;

struct steward_message {
    struct steward_message *next;
    size_t size;
    int64_t cost;
    uint8_t data[];
};

struct steward_client {
    SSL_CTX *context;
    SSL *tls;
    int socket;
    Steward__Rpc__V1__Hello *hello, *server;
    steward_status *drained, *closed;
    buffer in, out;
    steward_call *calls;
    uint64_t last_id;
    int64_t credit, owed, heard, pinged;
};

static int64_t now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *checked(void *memory) {
    if (memory == NULL) abort();
    return memory;
}

static uint8_t *grow(buffer *b, size_t size) {
    if (b->size + size > b->room) b->data = checked(realloc(b->data, b->room = 2 * (b->size + size)));
    b->size += size;
    return b->data + b->size - size;
}

static void drop(buffer *b, size_t size) {
    memmove(b->data, b->data + size, b->size -= size);
}

/* A copy of a message, to be freed like one that was unpacked. */
static void *copy(const void *message) {
    const ProtobufCMessage *from = message;
    buffer b = {0};
    protobuf_c_message_pack(from, grow(&b, protobuf_c_message_get_packed_size(from) + 1));
    void *to = checked(protobuf_c_message_unpack(from->descriptor, NULL, b.size - 1, b.data));
    free(b.data);
    return to;
}

static steward_status *made_here(Steward__Rpc__V1__Code code, const char *reason, const char *text) {
    steward_status status = STEWARD__RPC__V1__STATUS__INIT;
    status.has_code = true;
    status.code = code;
    status.reason = (char *)reason;
    status.domain = "client";
    status.message = (char *)text;
    return copy(&status);
}

void steward_status_free(steward_status *status) {
    if (status) steward__rpc__v1__status__free_unpacked(status, NULL);
}

/* Takes the call out of the list of open ones. */
static void finish(steward_call *call, steward_status *status, bool begun) {
    call->status = status;
    call->begun = begun;
    for (steward_call **at = &call->client->calls; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            return;
        }
}

static void fail(steward_client *client, Steward__Rpc__V1__Code code, const char *reason, const char *text) {
    if (client->closed) return;
    client->closed = made_here(code, reason, text);
    while (client->calls) finish(client->calls, copy(client->closed), true);
}

/* ---- Frames out ---- */

void steward_write(steward_client *client, const frame *f) {
    uint32_t size = steward__rpc__v1__frame__get_packed_size(f);
    uint8_t *to = grow(&client->out, 4 + size);
    for (int i = 0; i < 4; i++) to[i] = size >> (24 - 8 * i);
    steward__rpc__v1__frame__pack(f, to + 4);
}

static frame call_frame(uint64_t id) {
    frame f = STEWARD__RPC__V1__FRAME__INIT;
    f.has_call_id = id != 0;
    f.call_id = id;
    return f;
}

/* (6) Gives credit for what was taken, once half a window is used up. */
static void give(steward_client *client, uint64_t id, int64_t *owed, bool counted, uint32_t window) {
    if (!counted || *owed == 0 || *owed * 2 < window) return;
    frame f = call_frame(id);
    f.has_credit = true;
    f.credit = *owed;
    steward_write(client, &f);
    *owed = 0;
}

static void ping(steward_client *client, uint64_t token, bool answer) {
    Steward__Rpc__V1__Ping ping = STEWARD__RPC__V1__PING__INIT;
    ping.has_token = true;
    ping.token = token;
    ping.has_answer = ping.answer = answer;
    frame f = call_frame(0);
    f.ping = &ping;
    steward_write(client, &f);
}

/* ---- Frames in ---- */

static int64_t cost_of(size_t size) { return size < COST_MIN ? COST_MIN : (int64_t)size; }

/* True when the call keeps the frame, since the header points into it. */
static bool take_for_call(steward_call *call, frame *f) {
    steward_client *client = call->client;
    bool keep = f->n_header > 0 && call->header_frame == NULL;
    if (keep) {
        call->header_frame = f;
        call->n_header = f->n_header;
        call->header = f->header;
    }
    if (f->has_payload) {
        if (f->payload.len) memcpy(grow(&call->pieces, f->payload.len), f->payload.data, f->payload.len);
        if (call->pieces.size > client->hello->message_bytes_max) {
            steward_cancel(call, "message too long");
            steward_status_free(call->status);
            call->status = made_here(STEWARD__RPC__V1__CODE__RESOURCE_EXHAUSTED, "MESSAGE_TOO_LONG",
                                     "The answer is longer than announced.");
            return keep;
        }
        if (f->more) { /* a message longer than the window could not become whole if its pieces were not paid for */
            call->owed += cost_of(f->payload.len);
            give(client, call->id, &call->owed, client->hello->has_call_credit, client->hello->call_credit);
        } else {
            struct steward_message *m = checked(malloc(sizeof *m + call->pieces.size));
            *m = (struct steward_message){.size = call->pieces.size, .cost = cost_of(f->payload.len)};
            if (m->size) memcpy(m->data, call->pieces.data, m->size);
            call->pieces.size = 0;
            if (call->first) call->last->next = m; else call->first = m;
            call->last = m;
        }
    }
    call->credit += f->credit;
    if (f->status) {
        finish(call, f->status, true);
        f->status = NULL;
    }
    return keep;
}

/* (9) In good order, calls up to last_call_id go on; after a mistake, nothing does. */
static void leave(steward_client *client, const Steward__Rpc__V1__GoAway *go_away) {
    steward_status ok = STEWARD__RPC__V1__STATUS__INIT;
    const steward_status *status = go_away->status ? go_away->status : &ok;
    steward_status_free(client->drained);
    client->drained = copy(status);
    if (status->code != STEWARD__RPC__V1__CODE__OK) {
        client->closed = copy(status);
        while (client->calls) finish(client->calls, copy(status), true);
        return;
    }
    for (steward_call *call = client->calls, *next; call; call = next) {
        next = call->next;
        if (call->id > go_away->last_call_id)
            finish(call, made_here(STEWARD__RPC__V1__CODE__UNAVAILABLE, "NOT_BEGUN",
                                   "The server goes down and did not begin this call."), false);
    }
}

/* True when a call keeps the frame. */
static bool take(steward_client *client, frame *f) {
    if (f->call_id) {
        steward_call *call = client->calls;
        while (call && call->id != f->call_id) call = call->next;
        if (f->has_payload) {
            client->owed += cost_of(f->payload.len);
            give(client, 0, &client->owed, client->hello->has_connection_credit, client->hello->connection_credit);
        }
        return call && take_for_call(call, f); /* (4) what was under way when a call ended is ignored */
    }
    if (f->hello && !client->server) {
        client->server = f->hello;
        client->credit = f->hello->has_connection_credit ? f->hello->connection_credit : UNCOUNTED;
        f->hello = NULL;
    }
    client->credit += f->credit;
    if (f->ping && !f->ping->answer) ping(client, f->ping->token, true);
    if (f->go_away) leave(client, f->go_away);
    return false;
}

/* (2) Takes whole frames out of what has come. */
static void cut(steward_client *client) {
    size_t at = 0;
    while (!client->closed && client->in.size - at >= 4) {
        const uint8_t *b = client->in.data + at;
        uint32_t size = (uint32_t)b[0] << 24 | b[1] << 16 | b[2] << 8 | b[3];
        if (size == 0 || size > client->hello->frame_bytes_max)
            return fail(client, STEWARD__RPC__V1__CODE__INTERNAL, "FRAME_TOO_LONG", "The server sent a frame that is too long.");
        if (client->in.size - at < 4 + (size_t)size) break;
        frame *f = steward__rpc__v1__frame__unpack(NULL, size, b + 4);
        if (f == NULL) return fail(client, STEWARD__RPC__V1__CODE__INTERNAL, "FRAME_MALFORMED", "The server sent no frame.");
        at += 4 + size;
        client->heard = now_ms();
        client->pinged = 0;
        if (!take(client, f)) steward__rpc__v1__frame__free_unpacked(f, NULL);
    }
    drop(&client->in, at);
}

/* ---- The socket ---- */

/* True when the operation is to be tried again later. */
static bool would_block(steward_client *client, int result) {
    int error = SSL_get_error(client->tls, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return true;
    fail(client, STEWARD__RPC__V1__CODE__UNAVAILABLE, "CONNECTION_LOST", "The server has closed the connection.");
    return false;
}

static bool move(steward_client *client) {
    bool moved = false;
    int count = 1;
    while (client->out.size && !client->closed) {
        ERR_clear_error();
        size_t part = client->out.size < 1 << 20 ? client->out.size : 1 << 20;
        if ((count = SSL_write(client->tls, client->out.data, part)) <= 0) break;
        drop(&client->out, count);
        moved = true;
    }
    if (count <= 0) would_block(client, count);
    for (count = 1; count > 0 && !client->closed;) {
        uint8_t data[1 << 14];
        ERR_clear_error();
        if ((count = SSL_read(client->tls, data, sizeof data)) <= 0) break;
        memcpy(grow(&client->in, count), data, count);
        moved = true;
        cut(client);
    }
    if (count <= 0) would_block(client, count);
    return moved;
}

void steward_poll(steward_client *client, int milliseconds) {
    if (client->closed) return;
    int64_t now = now_ms();
    if (client->pinged == 0 && now - client->heard > HEARD_MS) {
        client->pinged = now;
        ping(client, 1, false);
    }
    if (client->pinged != 0 && now - client->pinged > ANSWER_MS)
        return fail(client, STEWARD__RPC__V1__CODE__UNAVAILABLE, "CONNECTION_LOST", "The server does not answer.");
    if (move(client) || client->closed) return;
    struct pollfd wanted = {.fd = client->socket, .events = POLLIN | (client->out.size ? POLLOUT : 0)};
    poll(&wanted, 1, milliseconds < 1000 ? milliseconds : 1000);
    move(client);
}

/* The gateway's certificate carries it, and no other program's of the installation. */
#define GATEWAY_NAME "gateway.steward.internal"

/* Connects the socket and shakes hands; NULL when that worked, otherwise what did not. */
static const char *open_tls(steward_client *client, const char *host, const char *port, const char *trust_root) {
    struct addrinfo *list, hints = {.ai_socktype = SOCK_STREAM};
    if (getaddrinfo(host, port, &hints, &list) != 0) return "The host has no address.";
    for (struct addrinfo *at = list; at && client->socket < 0; at = at->ai_next) {
        client->socket = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
        if (client->socket >= 0 && connect(client->socket, at->ai_addr, at->ai_addrlen) != 0) {
            close(client->socket);
            client->socket = -1;
        }
    }
    freeaddrinfo(list);
    if (client->socket < 0) return "Nobody answers at this address.";
    int one = 1;
    setsockopt(client->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(client->socket, F_SETFL, O_NONBLOCK);

    client->context = checked(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(client->context, TLS1_3_VERSION);
    SSL_CTX_set_verify(client->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(client->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!SSL_CTX_load_verify_file(client->context, trust_root)) return "The file of the trust root cannot be read.";
    client->tls = checked(SSL_new(client->context));
    SSL_set_alpn_protos(client->tls, (const uint8_t *)"\x09steward/1", 10);
    SSL_set_tlsext_host_name(client->tls, GATEWAY_NAME);
    if (!SSL_set1_host(client->tls, GATEWAY_NAME) || !SSL_set_fd(client->tls, client->socket)) return "TLS cannot be set up.";
    for (int64_t deadline = now_ms() + CONNECT_MS;;) {
        int result = SSL_connect(client->tls), error = SSL_get_error(client->tls, result);
        if (result == 1) return NULL;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return SSL_get_verify_result(client->tls) == X509_V_OK ? "The TLS handshake failed."
                                                                   : "The certificate is not to be trusted.";
        int64_t rest = deadline - now_ms();
        struct pollfd wanted = {.fd = client->socket, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
        if (rest <= 0 || poll(&wanted, 1, rest) < 0) return "The TLS handshake takes too long.";
    }
}

steward_client *steward_connect(const char *host, const char *port, const char *trust_root,
                                const Steward__Rpc__V1__Hello *hello, steward_status **failure) {
    Steward__Rpc__V1__Hello usual = STEWARD__RPC__V1__HELLO__INIT;
    usual.has_version_min = usual.has_version_max = usual.has_frame_bytes_max = usual.has_message_bytes_max = true;
    usual.version_min = usual.version_max = 1;
    usual.agent = "steward-c/1";
    usual.frame_bytes_max = 1 << 20;
    usual.message_bytes_max = 4 << 20;

    steward_client *client = checked(calloc(1, sizeof *client));
    client->socket = -1;
    client->heard = now_ms();
    client->hello = copy(hello ? hello : &usual);
    const char *problem = open_tls(client, host, port, trust_root);
    if (problem) {
        fail(client, STEWARD__RPC__V1__CODE__UNAVAILABLE, "CONNECT_FAILED", problem);
    } else {
        frame f = call_frame(0);
        f.hello = client->hello;
        steward_write(client, &f);
        /* (3) The first calls might leave together with the hello; waiting makes all limits known. */
        for (int64_t rest, deadline = now_ms() + CONNECT_MS; !client->server && !client->closed;) {
            if ((rest = deadline - now_ms()) > 0) steward_poll(client, rest);
            else fail(client, STEWARD__RPC__V1__CODE__DEADLINE_EXCEEDED, "HELLO_TIMEOUT", "The server did not say hello.");
        }
    }
    if (client->server) return client;
    *failure = copy(client->closed);
    steward_close(client);
    return NULL;
}

void steward_close(steward_client *client) {
    fail(client, STEWARD__RPC__V1__CODE__UNAVAILABLE, "CLIENT_CLOSED", "The client has closed the connection.");
    if (client->tls) {
        if (client->server) SSL_shutdown(client->tls);
        SSL_free(client->tls);
    }
    SSL_CTX_free(client->context);
    if (client->socket >= 0) close(client->socket);
    steward__rpc__v1__hello__free_unpacked(client->hello, NULL);
    if (client->server) steward__rpc__v1__hello__free_unpacked(client->server, NULL);
    steward_status_free(client->drained);
    steward_status_free(client->closed);
    free(client->in.data);
    free(client->out.data);
    free(client);
}

const Steward__Rpc__V1__Hello *steward_server(const steward_client *client) { return client->server; }
const steward_status *steward_drained(const steward_client *client) { return client->drained; }
const steward_status *steward_closed(const steward_client *client) { return client->closed; }

/* ---- Calls ---- */

steward_call *steward_start(steward_client *client, const steward_start_options *options) {
    steward_call *call = checked(calloc(1, sizeof *call));
    call->client = client;
    call->deadline = options->timeout_ms ? now_ms() + (int64_t)options->timeout_ms + LATE_MS : INT64_MAX;
    if (client->closed || client->drained) {
        call->status = made_here(STEWARD__RPC__V1__CODE__UNAVAILABLE, "NOT_BEGUN", "The connection takes no new calls.");
        return call;
    }
    call->begun = true;
    call->id = ++client->last_id;
    call->credit = client->server->has_call_credit ? client->server->call_credit : UNCOUNTED;
    call->next = client->calls;
    client->calls = call;
    frame f = call_frame(call->id);
    f.start = (steward_start_options *)options;
    steward_write(client, &f); /* leaves together with the first message */
    return call;
}

/* Polls until there is what is waited for (true) or the call has ended without it (false). */
static bool wait_for(steward_call *call, bool (*there)(const steward_call *)) {
    while (!there(call)) {
        if (call->status) return false;
        int64_t rest = call->deadline - now_ms();
        if (rest > 0) {
            steward_poll(call->client, rest < 1000 ? rest : 1000);
            continue;
        }
        steward_cancel(call, "out of time");
        steward_status_free(call->status);
        call->status = made_here(STEWARD__RPC__V1__CODE__DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED",
                                 "The server did not answer in time.");
    }
    return true;
}

static bool may_send(const steward_call *call) {
    return !call->status && call->credit > 0 && call->client->credit > 0 && call->client->out.size < UNSENT_BYTES_MAX;
}

static bool has_message(const steward_call *call) { return call->first; }
static bool has_header(const steward_call *call) { return call->header || call->first; }

void steward_wait_header(steward_call *call) { wait_for(call, has_header); }

bool steward_send(steward_call *call, const ProtobufCMessage *message, bool end) {
    size_t size = protobuf_c_message_get_packed_size(message), at = 0;
    uint8_t *data = checked(malloc(size + 1));
    protobuf_c_message_pack(message, data);
    bool may, more = true;
    while (more && (may = wait_for(call, may_send))) {
        size_t room = call->client->server->frame_bytes_max - FRAME_ROOM;
        frame f = call_frame(call->id);
        f.has_payload = true;
        f.payload = (ProtobufCBinaryData){.len = size - at < room ? size - at : room, .data = data + at};
        at += f.payload.len;
        f.has_more = f.more = more = at < size;
        f.has_end = f.end = end && !more;
        call->credit -= cost_of(f.payload.len);
        call->client->credit -= cost_of(f.payload.len);
        steward_write(call->client, &f);
        steward_poll(call->client, 0);
    }
    free(data);
    return may;
}

void steward_end(steward_call *call) {
    if (call->status) return;
    frame f = call_frame(call->id);
    f.has_end = f.end = true;
    steward_write(call->client, &f);
    steward_poll(call->client, 0);
}

ProtobufCMessage *steward_receive(steward_call *call, const ProtobufCMessageDescriptor *type) {
    if (!wait_for(call, has_message)) return NULL;
    struct steward_message *m = call->first;
    call->first = m->next;
    steward_client *client = call->client;
    if (!call->status) {
        call->owed += m->cost;
        give(client, call->id, &call->owed, client->hello->has_call_credit, client->hello->call_credit);
    }
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, m->size, m->data);
    free(m);
    if (message) return message;
    steward_cancel(call, "malformed answer");
    steward_status_free(call->status);
    call->status = made_here(STEWARD__RPC__V1__CODE__INTERNAL, "MALFORMED_RESPONSE", "The answer is of another type.");
    return NULL;
}

void steward_cancel(steward_call *call, const char *reason) {
    if (call->status) return;
    Steward__Rpc__V1__Cancel cancel = STEWARD__RPC__V1__CANCEL__INIT;
    cancel.reason = (char *)reason;
    frame f = call_frame(call->id);
    f.cancel = &cancel;
    steward_write(call->client, &f);
    finish(call, made_here(STEWARD__RPC__V1__CODE__CANCELLED, "CANCELLED", reason), true);
}

void steward_free(steward_call *call) {
    steward_cancel(call, "not wanted any more");
    for (struct steward_message *m = call->first, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    if (call->header_frame) steward__rpc__v1__frame__free_unpacked(call->header_frame, NULL);
    steward_status_free(call->status);
    free(call->pieces.data);
    free(call);
}

ProtobufCMessage *steward_unary(steward_client *client, const steward_start_options *options, const ProtobufCMessage *request,
                                const ProtobufCMessageDescriptor *response, steward_status **status) {
    steward_call *call = steward_start(client, options);
    steward_send(call, request, true);
    ProtobufCMessage *answer = steward_receive(call, response);
    for (ProtobufCMessage *extra = answer; extra && (extra = steward_receive(call, response));)
        protobuf_c_message_free_unpacked(extra, NULL);
    *status = copy(call->status);
    if ((*status)->code != STEWARD__RPC__V1__CODE__OK && answer) {
        protobuf_c_message_free_unpacked(answer, NULL);
        answer = NULL;
    } else if ((*status)->code == STEWARD__RPC__V1__CODE__OK && !answer) {
        answer = checked(protobuf_c_message_unpack(response, NULL, 0, NULL)); /* (4) an empty message may be left out */
    }
    steward_free(call);
    return answer;
}
