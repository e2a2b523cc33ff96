// What the servers in C of the benchmarks share: the TLS context and the listener.
#pragma once
#include "bytes.h"
#include <arpa/inet.h>
#include <sys/socket.h>

static inline int choose_alpn(
    SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in, unsigned in_size,
    void *data) {
    (void)ssl, (void)data;
    return SSL_select_next_proto((unsigned char **)out, out_size, alpn_names, sizeof alpn_names - 1, in, in_size) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// As TLSTransport sets it up: one ticket for each handshake, nothing kept.
static inline SSL_CTX *server_context(const char *certificate, const char *key) {
    SSL_CTX *context = tls_context(TLS_server_method());
    must(SSL_CTX_use_certificate_chain_file(context, certificate), certificate);
    must(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM), key);
    SSL_CTX_set_alpn_select_cb(context, choose_alpn, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, alpn_names, sizeof alpn_names - 1);
    SSL_CTX_set_num_tickets(context, 1);
    return context;
}

// Listens on a free port of 127.0.0.1 and prints it.
static inline int listen_anywhere(int flags) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    must(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1024) == 0, "listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}
