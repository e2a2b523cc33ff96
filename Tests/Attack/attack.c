// An attacker on the loopback: hostile clients of one kind, so many at once, for so many seconds.
//
//   steward-attack bystander PORT CA.pem SERVER-NAME CLIENTS SECONDS
//   steward-attack KIND PORT CA.pem SERVER-NAME CLIENTS SECONDS [SOURCES]
//
// Prints "begin" when all clients have begun, and at the end what became of them: connections made, refused and closed by
// the server, bytes sent, calls answered, and each reason that the server gave with its count. SECONDS is at most 120.
// SOURCES is the number of addresses it comes from, 1 when left out; the first is 127.0.0.2. The bystander is no attacker
// but measures how long others have to wait meanwhile, at 127.0.0.1. SIGTERM ends it early.
#include "link.h"
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static const char health[] = "steward.rpc.v1.HealthService/CheckHealth";
// A call that goes on until it is cancelled.
static const char watch[] = "steward.rpc.v1.HealthService/WatchHealth";
static const char descriptors[] = "steward.rpc.v1.ReflectionService/GetDescriptors";
static const char symbol[] = "steward.customer.v1.AccountService";
enum { mebibyte = 1 << 20, flood = 64 << 10 };

static int clients;
static double end;
static volatile sig_atomic_t is_over;

static void say_begin(void) {
    puts("begin");
    fflush(stdout);
}

static int goes_on(void) { return !is_over && now() < end; }
static void pause_ms(int milliseconds) { poll(NULL, 0, milliseconds); }

// ---- one connection after the other, each until the server has had enough

static void repeat(void (*attack)(struct link *), long call_credit, long connection_credit) {
    while (goes_on()) {
        struct link l;
        if (open_tls(&l, NULL)) {
            if (say_hello(&l, call_credit, connection_credit)) attack(&l);
            receive(&l, 100);
            close_link(&l, 1);
        } else {
            pause_ms(5);
        }
    }
}

// Sends the same bytes over and over and reads what comes.
static void send_until_closed(struct link *l, const struct bytes *b) {
    while (goes_on() && send_all(l, b->data, b->count) && receive(l, 0)) {}
}

static void ping_flood(struct link *l) {
    struct bytes b = {0};
    while (b.count < flood) put_ping(&b, 7);
    send_until_closed(l, &b);
    free(b.data);
}

static void rapid_reset(struct link *l) {
    struct bytes b = {0};
    for (uint64_t id = 1; goes_on(); b.count = 0) {
        for (int i = 0; i < 500; i++, id++) {
            put_call(&b, id, watch, NULL, NULL);
            put_cancel(&b, id);
        }
        if (!send_all(l, b.data, b.count) || !receive(l, 0)) break;
    }
    free(b.data);
}

static void one_byte_frames(struct link *l) {
    struct bytes b = {0};
    for (uint64_t id = 1; goes_on(); id++) {
        b.count = 0;
        put_call(&b, id, health, NULL, NULL);
        for (size_t i = 0; i < b.count; i++)
            if (!send_all(l, b.data + i, 1)) goto gone;
        if (!receive(l, 0)) break;
    }
gone:
    free(b.data);
}

// TLS records, one byte of them in each packet.
static void one_byte_records(struct link *l) {
    BIO *memory = BIO_new(BIO_s_mem());
    SSL_set0_wbio(l->ssl, memory);
    struct bytes b = {0};
    for (uint64_t id = 1; goes_on(); id++) {
        b.count = 0;
        put_call(&b, id, health, NULL, NULL);
        if (SSL_write(l->ssl, b.data, (int)b.count) <= 0) break;
        char *record;
        long count = BIO_get_mem_data(memory, &record);
        for (long i = 0; i < count; i++)
            if (send(l->socket, record + i, 1, MSG_NOSIGNAL) != 1) goto gone;
        (void)BIO_reset(memory);
        if (!receive(l, 0)) break;
    }
gone:
    free(b.data);
}

static void lying_length(struct link *l) {
    static const uint8_t lengths[][4] = {{0x7f, 0xff, 0xff, 0xff}, {0, 0x20, 0, 0}, {0, 0, 0, 0}};
    static _Atomic unsigned turn;
    struct bytes b = {0};
    put(&b, lengths[turn++ % 3], 4);
    for (int i = 0; i < 1024; i++) put(&b, "\x08\x01\x22\x00", 4);
    send_until_closed(l, &b);
    free(b.data);
}

static void header_bomb(struct link *l) {
    struct bytes metadata = {0}, entry = {0}, b = {0};
    put_text(&entry, 1, "k");
    put_text(&entry, 2, "v");
    while (metadata.count < mebibyte - 1024) put_field(&metadata, 6, entry.data, entry.count);
    for (uint64_t id = 1; goes_on(); id++) {
        b.count = 0;
        put_call(&b, id, health, &metadata, NULL);
        if (!send_all(l, b.data, b.count) || !receive(l, 0)) break;
    }
    free(metadata.data), free(entry.data), free(b.data);
}

// Messages within messages, and a group within groups: as deep as 48 KiB go.
static void nesting_bomb(struct link *l) {
    struct bytes nested = {0}, b = {0};
    for (int depth = 0; depth < 12000; depth++) {
        struct bytes outer = {0};
        put_field(&outer, 3, nested.data, nested.count);
        free(nested.data);
        nested = outer;
        if (nested.count > 48 << 10) break;
    }
    struct bytes groups = {0};
    while (groups.count < 48 << 10) put(&groups, "\x1b", 1);
    for (uint64_t id = 1; goes_on(); id += 2) {
        b.count = 0;
        put_call(&b, id, health, NULL, &nested);
        put_call(&b, id + 1, descriptors, NULL, &groups);
        if (!send_all(l, b.data, b.count) || !receive(l, 0)) break;
    }
    free(nested.data), free(groups.data), free(b.data);
}

static void ask_much(struct link *l, uint64_t from, uint64_t to) {
    struct bytes payload = {0}, b = {0};
    put_text(&payload, 1, symbol);
    for (uint64_t id = from; id < to; id++) put_call(&b, id, descriptors, NULL, &payload);
    send_all(l, b.data, b.count);
    free(payload.data), free(b.data);
}

// Large answers that are never asked to be sent.
static void no_credit(struct link *l) {
    ask_much(l, 1, 250);
    while (goes_on() && receive(l, 50)) {}
}

// The same, asked for a byte at a time.
static void tiny_credit(struct link *l) {
    struct bytes b = {0};
    ask_much(l, 1, 100);
    for (uint64_t id = 1; b.count < flood; id = id % 99 + 1) {
        put_credit(&b, id, 1);
        put_credit(&b, 0, 1);
    }
    send_until_closed(l, &b);
    free(b.data);
}

static void huge_credit(struct link *l) {
    struct bytes b = {0};
    while (b.count < flood) put_credit(&b, 0, UINT32_MAX);
    send_until_closed(l, &b);
    free(b.data);
}

// Answers that are asked for and not read.
static void deaf(struct link *l) {
    for (uint64_t id = 1; goes_on(); id += 100) {
        ask_much(l, id, id + 100);
        pause_ms(20);
        if (SSL_get_shutdown(l->ssl) || ERR_peek_error()) break;
    }
    ERR_clear_error();
}

static void key_updates(struct link *l) {
    while (goes_on()) {
        for (int i = 0; i < 100; i++)
            if (!SSL_key_update(l->ssl, SSL_KEY_UPDATE_REQUESTED) || SSL_do_handshake(l->ssl) != 1) return;
        if (!receive(l, 0)) return;
    }
}

static void run_ping_flood(void) { repeat(ping_flood, -1, -1); }
static void run_rapid_reset(void) { repeat(rapid_reset, -1, -1); }
static void run_one_byte_frames(void) { repeat(one_byte_frames, -1, -1); }
static void run_one_byte_records(void) { repeat(one_byte_records, -1, -1); }
static void run_lying_length(void) { repeat(lying_length, -1, -1); }
static void run_header_bomb(void) { repeat(header_bomb, -1, -1); }
static void run_nesting_bomb(void) { repeat(nesting_bomb, -1, -1); }
static void run_no_credit(void) { repeat(no_credit, 1, 1); }
static void run_tiny_credit(void) { repeat(tiny_credit, 1, 1); }
static void run_huge_credit(void) { repeat(huge_credit, 1, UINT32_MAX); }
static void run_deaf(void) { repeat(deaf, -1, -1); }
static void run_key_updates(void) { repeat(key_updates, -1, -1); }

// ---- handshakes over and over

static SSL_SESSION *latest;

static int keep_session(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    SSL_SESSION_free(latest);
    latest = session;
    return 1;
}

static void storm(int resumes) {
    while (goes_on()) {
        struct link l;
        if (!open_tls(&l, resumes ? latest : NULL)) continue;
        if (SSL_session_reused(l.ssl)) outcome.answered++;
        // The ticket comes with the server's first bytes.
        if (resumes) receive(&l, 100);
        close_link(&l, 1);
    }
}

static void run_resumptions(void) { storm(1); }
static void run_churn(void) { storm(0); }

static void run_connect_reset(void) {
    while (goes_on()) {
        struct link l = {.socket = dial()};
        if (l.socket >= 0) outcome.connected++;
        close_link(&l, 1);
    }
}

// ---- many at once, all in one thread

// Opens what is not open with `open` (0: could not be), and does `step` to each in turn; -1 from it means that it is gone.
static void hold(int (*open)(struct link *), int (*step)(struct link *, int), int pause) {
    struct link *all = calloc((size_t)clients, sizeof *all);
    int has_begun = 0;
    for (int i = 0; i < clients; i++) all[i].socket = -1;
    while (goes_on()) {
        for (int i = 0; i < clients && goes_on(); i++) {
            if (all[i].socket < 0 && !open(&all[i])) all[i].socket = -1;
            if (all[i].socket >= 0 && step(&all[i], i) < 0) {
                outcome.closed++;
                close_link(&all[i], 1);
            }
        }
        if (!has_begun) say_begin();
        has_begun = 1;
        pause_ms(pause);
    }
    for (int i = 0; i < clients; i++) close_link(&all[i], 1);
    free(all);
}

static int is_gone(struct link *l) {
    char byte;
    return recv(l->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int open_silent(struct link *l) {
    *l = (struct link){.socket = dial()};
    outcome.connected += l->socket >= 0;
    return l->socket >= 0;
}

// The begin of a ClientHello of 512 bytes, one byte at each visit.
static int dribble(struct link *l, int index) {
    static const uint8_t record[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    (void)index;
    uint8_t byte = l->in.size < sizeof record ? record[l->in.size] : 0;
    l->in.size++;
    return is_gone(l) || send(l->socket, &byte, 1, MSG_NOSIGNAL) != 1 ? -1 : 0;
}
static void run_slow_handshakes(void) { hold(open_silent, dribble, 100); }

// Every other one has shaken hands; none says hello.
static int open_half(struct link *l) {
    static int turn;
    return turn++ % 2 ? open_silent(l) : open_tls(l, NULL);
}
static int stay(struct link *l, int index) {
    (void)index;
    return is_gone(l) ? -1 : 0;
}
static void run_half_open(void) { hold(open_half, stay, 100); }

// A frame of a mebibyte that lacks its last byte.
static int open_unfinished(struct link *l) {
    static uint8_t body[4 + mebibyte];
    memcpy(body, "\0\x10\0\0\x08\x01\x22\xf8\xff\x3f", 10);
    if (!open_tls(l, NULL)) return 0;
    if (say_hello(l, -1, -1) && send_all(l, body, sizeof body - 1)) return 1;
    close_link(l, 1);
    return 0;
}
static int answer_pings(struct link *l, int index) {
    (void)index;
    return receive(l, 0) ? 0 : -1;
}
static void run_unfinished(void) { hold(open_unfinished, answer_pings, 100); }

// Has done a call and waits.
static int open_idle(struct link *l) {
    struct bytes b = {0};
    if (!open_tls(l, NULL)) return 0;
    put_hello(&b, -1, -1);
    put_call(&b, 1, health, NULL, NULL);
    long before = outcome.answered;
    int done = send_all(l, b.data, b.count);
    while (done && outcome.answered == before && (done = receive(l, 1000))) {}
    free(b.data);
    if (done) return 1;
    close_link(l, 1);
    return 0;
}
static void run_idle(void) { hold(open_idle, answer_pings, 1000); }

// ----

static const struct {
    const char *name;
    void (*run)(void);
    int holds;  // in one thread
} kinds[] = {
    {"slow-handshakes", run_slow_handshakes, 1}, {"half-open", run_half_open, 1}, {"unfinished", run_unfinished, 1},
    {"idle", run_idle, 1}, {"one-byte-frames", run_one_byte_frames, 0}, {"one-byte-records", run_one_byte_records, 0},
    {"lying-length", run_lying_length, 0}, {"no-credit", run_no_credit, 0}, {"tiny-credit", run_tiny_credit, 0},
    {"huge-credit", run_huge_credit, 0}, {"deaf", run_deaf, 0}, {"rapid-reset", run_rapid_reset, 0},
    {"ping-flood", run_ping_flood, 0}, {"header-bomb", run_header_bomb, 0}, {"nesting-bomb", run_nesting_bomb, 0},
    {"key-updates", run_key_updates, 0}, {"resumptions", run_resumptions, 0}, {"churn", run_churn, 0},
    {"connect-reset", run_connect_reset, 0},
};

static void *run_thread(void *run) {
    ((void (*)(void))run)();
    return NULL;
}

static void stop(int number) {
    (void)number;
    is_over = 1;
}

static int attack(void (*run)(void), int threads, int begins) {
    pthread_t ids[64];
    if (begins) say_begin();
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run_thread, (void *)run) != 0) return 1;
    for (int i = 0; i < threads; i++) pthread_join(ids[i], NULL);
    print_outcome();
    return 0;
}

static int usage(void) {
    fputs("usage: steward-attack KIND PORT CA.pem SERVER-NAME CLIENTS SECONDS [SOURCES]\nkinds:", stderr);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) fprintf(stderr, " %s", kinds[i].name);
    fputs("\n", stderr);
    return 64;
}

int main(int count, char **words) {
    if (count < 7) return usage();
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, stop);
    clients = atoi(words[5]);
    double seconds = atof(words[6]);
    if (clients < 1 || seconds <= 0 || seconds > 120) return usage();
    target = (struct target){.port = atoi(words[2]), .trust_roots = words[3], .server_name = words[4]};
    int is_bystander = strcmp(words[1], "bystander") == 0;
    target.first_source = INADDR_LOOPBACK + (is_bystander ? 0 : 1);
    target.sources = count > 7 && atoi(words[7]) > 0 ? atoi(words[7]) : 1;
    target.tls = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(target.tls, TLS1_3_VERSION);
    SSL_CTX_set_alpn_protos(target.tls, (const unsigned char *)"\x09steward/1", 10);
    if (SSL_CTX_load_verify_locations(target.tls, target.trust_roots, NULL) != 1) return usage();
    SSL_CTX_set_verify(target.tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(target.tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    if (strcmp(words[1], "resumptions") == 0) SSL_CTX_sess_set_new_cb(target.tls, keep_session);
    SSL_CTX_set_mode(target.tls, SSL_MODE_RELEASE_BUFFERS);
    end = now() + seconds;
    if (is_bystander) return stand_by(clients, end);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(words[1], kinds[i].name) != 0) continue;
        // A session is one thread's.
        int is_single = kinds[i].holds || kinds[i].run == run_resumptions;
        return attack(kinds[i].run, is_single ? 1 : clients < 64 ? clients : 64, !kinds[i].holds);
    }
    return usage();
}
