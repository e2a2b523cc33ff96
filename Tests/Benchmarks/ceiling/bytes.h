// A growing buffer, and TLS as both sides of the benchmarks set it up.
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Bytes from `start` to `end` are in use.
struct bytes {
    uint8_t *data;
    size_t start, end, size;
};

static inline void *check(void *pointer, const char *what) {
    if (!pointer) {
        fprintf(stderr, "%s failed\n", what);
        ERR_print_errors_fp(stderr);
        exit(1);
    }
    return pointer;
}

static inline void must(int holds, const char *what) { check(holds ? (void *)1 : NULL, what); }

// Room for `count` more bytes at the end.
static inline uint8_t *bytes_room(struct bytes *b, size_t count) {
    if (b->start == b->end) b->start = b->end = 0;
    if (b->size - b->end < count && b->start > 0) {
        memmove(b->data, b->data + b->start, b->end - b->start);
        b->end -= b->start;
        b->start = 0;
    }
    if (b->size - b->end < count) {
        b->size = (b->end + count) * 2;
        b->data = check(realloc(b->data, b->size), "realloc");
    }
    return b->data + b->end;
}

static inline size_t bytes_count(const struct bytes *b) { return b->end - b->start; }

static inline void put32(uint8_t *at, uint32_t value) {
    at[0] = value >> 24, at[1] = value >> 16, at[2] = value >> 8, at[3] = value;
}

static inline uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// The body of the next complete frame, taken out of the buffer; NULL when there is none.
static inline const uint8_t *next_frame(struct bytes *b, uint32_t *size) {
    if (bytes_count(b) < 4) return NULL;
    const uint8_t *at = b->data + b->start;
    *size = get32(at);
    if (bytes_count(b) < 4 + (size_t)*size) return NULL;
    b->start += 4 + *size;
    return at + 4;
}

static const unsigned char alpn_names[] = "\x09steward/1";

// TLS 1.3 with the read-ahead that the Swift side uses too.
static inline SSL_CTX *tls_context(const SSL_METHOD *method) {
    SSL_CTX *context = check(SSL_CTX_new(method), "SSL_CTX_new");
    must(SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION), "TLS 1.3");
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 64 << 10);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

// Reads everything that is there. False when the connection has ended.
static inline int tls_read(SSL *ssl, struct bytes *into) {
    do {
        uint8_t *room = bytes_room(into, 4096);
        int count = SSL_read(ssl, room, (int)(into->size - into->end));
        if (count <= 0) return SSL_get_error(ssl, count) == SSL_ERROR_WANT_READ;
        into->end += count;
    } while (SSL_has_pending(ssl));
    return 1;
}

// Writes what the kernel takes. False when the connection has ended.
static inline int tls_write(SSL *ssl, struct bytes *from) {
    while (bytes_count(from) > 0) {
        int count = SSL_write(ssl, from->data + from->start, (int)bytes_count(from));
        if (count <= 0) return SSL_get_error(ssl, count) == SSL_ERROR_WANT_WRITE;
        from->start += count;
    }
    return 1;
}
