// The door to libssl and libcrypto. OpenSSL's macros, which Swift does not see, get a function each.
#pragma once
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// ---- used by Credentials ----
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/sha.h>

// A context keyed for HMAC-SHA256, or NULL. EVP_MAC_init with a null key then starts the next code under this key.
static inline EVP_MAC_CTX *steward_hmac_sha256_new(const unsigned char *key, size_t count) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!mac) return NULL;
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0), OSSL_PARAM_construct_end()};
    if (context && EVP_MAC_init(context, key, count, parameters) == 1) return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

// Writes `count` bytes of ciphertext and the 16-byte tag. 1 if it worked.
static inline int steward_aes256gcm_seal(
    const unsigned char *key, const unsigned char *nonce12, const unsigned char *associated, size_t associated_count,
    const unsigned char *plain, size_t count, unsigned char *cipher) {
    int n = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = context && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce12) == 1
        && EVP_EncryptUpdate(context, NULL, &n, associated, (int)associated_count) == 1
        && EVP_EncryptUpdate(context, cipher, &n, plain, (int)count) == 1
        && EVP_EncryptFinal_ex(context, cipher + count, &n) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, cipher + count) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

// Reads `count` bytes of ciphertext and the 16-byte tag after them. 1 if the tag fits.
static inline int steward_aes256gcm_open(
    const unsigned char *key, const unsigned char *nonce12, const unsigned char *associated, size_t associated_count,
    const unsigned char *cipher, size_t count, unsigned char *plain) {
    int n = 0;
    unsigned char end[16];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, nonce12) == 1
        && EVP_DecryptUpdate(context, NULL, &n, associated, (int)associated_count) == 1
        && EVP_DecryptUpdate(context, plain, &n, cipher, (int)count) == 1
        && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(cipher + count)) == 1
        && EVP_DecryptFinal_ex(context, end, &n) == 1;
    EVP_CIPHER_CTX_free(context);
    return done;
}

// A new ECDSA key on P-256, or NULL.
static inline EVP_PKEY *steward_p256_key_new(void) { return EVP_EC_gen("P-256"); }

// Adds a version 3 extension given in the text form of x509v3_config(5). 1 if it worked.
static inline int steward_x509_add_extension(X509 *certificate, X509 *issuer, int nid, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    int done = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

// The bytes that a memory BIO holds; valid until it is written or freed.
static inline size_t steward_bio_bytes(BIO *bio, const char **bytes) {
    char *start = NULL;
    long count = BIO_get_mem_data(bio, &start);
    *bytes = start;
    return count > 0 ? (size_t)count : 0;
}
static inline int steward_revoked_count(const STACK_OF(X509_REVOKED) *entries) {
    return entries ? sk_X509_REVOKED_num(entries) : 0;
}
static inline const X509_REVOKED *steward_revoked(const STACK_OF(X509_REVOKED) *entries, int index) {
    return sk_X509_REVOKED_value(entries, index);
}
/// The 4 or 16 bytes of address `index`, or null when that entry is of another kind.
static inline const unsigned char *steward_general_name_ip(const GENERAL_NAMES *names, int index, int *bytes) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_IPADD) return NULL;
    *bytes = ASN1_STRING_length(name->d.iPAddress);
    return ASN1_STRING_get0_data(name->d.iPAddress);
}
// ---- end of Credentials ----

/// Keeps OpenSSL from freeing its tables when the process calls exit(): threads that still use a connection then would crash. The
/// kernel takes the memory back anyway. Counts when it comes before any other call of OpenSSL.
static inline void steward_keep_at_exit(void) { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); }

// --- for TLSTransport ---------------------------------------------------------------------------------------------

/// Forgets errors that earlier calls left on this thread, so that SSL_get_error speaks of the next call only.
/// The look before it makes the usual case, none, cost next to nothing.
static inline void steward_clear_errors(void) {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

static inline long steward_ssl_ctx_set_min_tls13(SSL_CTX *context) {
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
}
static inline void steward_ssl_ctx_set_mode(SSL_CTX *context) {
    SSL_CTX_set_mode(
        context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}
/// Sends the chain of the certificate file as it is. Otherwise OpenSSL looks for the rest among the trust roots, and verifies
/// what it finds, in each handshake: a sixth of its cost.
static inline void steward_ssl_ctx_no_auto_chain(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
}
static inline void steward_ssl_ctx_set_read_ahead(SSL_CTX *context, size_t buffer_bytes) {
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, buffer_bytes);
}
static inline void steward_ssl_ctx_cache_off(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline void steward_ssl_ctx_cache_client(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
}
static inline long steward_ssl_set_server_name(SSL *ssl, const char *name) {
    return SSL_set_tlsext_host_name(ssl, name);
}
/// SSL_set_ex_data at the index that OpenSSL reserves for the application.
static inline int steward_ssl_set_app_data(SSL *ssl, void *data) { return SSL_set_app_data(ssl, data); }
static inline void *steward_ssl_get_app_data(const SSL *ssl) { return SSL_get_app_data(ssl); }

static inline int steward_general_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
/// The bytes of DNS name `index`, or null when that entry is of another kind.
static inline const unsigned char *steward_general_name_dns(const GENERAL_NAMES *names, int index, int *bytes) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_DNS) return NULL;
    *bytes = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}
/// Readies both contexts for one ticket: AES-256-CBC under `cipher_key`, HMAC-SHA256 under `mac_key`, 32 bytes each.
static inline int steward_ticket_keys(
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *cipher_key, const unsigned char *mac_key,
    const unsigned char *iv, int encrypts) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)mac_key, 32),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0), OSSL_PARAM_construct_end()};
    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, cipher_key, iv, encrypts) == 1
        && EVP_MAC_CTX_set_params(mac, parameters) == 1;
}
/// The connection whose peer is being verified, or null outside of a handshake.
static inline SSL *steward_ssl_of_verification(X509_STORE_CTX *verification) {
    return X509_STORE_CTX_get_ex_data(verification, SSL_get_ex_data_X509_STORE_CTX_idx());
}
static inline int steward_error_reason(unsigned long code) { return ERR_GET_REASON(code); }
