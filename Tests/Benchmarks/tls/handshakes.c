// Opens connections one after the other, eight at a time: TCP, TLS 1.3 handshake, hello both ways, close.
//
//   handshakes PORT CA.pem SERVER-NAME full|resumed WARM-UP-SECONDS SECONDS
//
// Prints "begin", "end" and a line of JSON, as ../ceiling/load.c does.
#include "../ceiling/client.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { thread_count = 8 };

static SSL_CTX *context;
static const char *server_name;
static int port, resumes;
static atomic_int is_over;
static atomic_ulong opened, resumed;

// The newest session of the thread.
static _Thread_local SSL_SESSION *session;

static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
    (void)ssl;
    if (session) SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static void open_one(int host) {
    struct client c = {0};
    c.descriptor = connect_from(host, port);
    c.ssl = shake_hands(context, c.descriptor, server_name, resumes ? session : NULL);
    say_hello(&c);
    flush(&c);
    // The ticket comes before the answer.
    do must(tls_read(c.ssl, &c.in), "reading: the server is gone;");
    while (bytes_count(&c.in) == 0);
    atomic_fetch_add(&resumed, (unsigned long)SSL_session_reused(c.ssl));
    SSL_shutdown(c.ssl);
    SSL_free(c.ssl);
    close(c.descriptor);
    free(c.in.data);
    free(c.out.data);
    atomic_fetch_add(&opened, 1);
}

// Each thread has 25 addresses of its own, so that ports do not run out while the kernel keeps those of closed connections.
static void *open_many(void *number) {
    int first = 2 + 25 * (int)(intptr_t)number;
    for (int i = 0; !is_over; i = (i + 1) % 25) open_one(first + i);
    return NULL;
}

static void wait_for(double seconds) {
    struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&t, NULL);
}

int main(int count, char **arguments) {
    must(count == 7, "usage: see the head of handshakes.c;");
    signal(SIGPIPE, SIG_IGN);
    port = atoi(arguments[1]);
    context = client_context(arguments[2]);
    server_name = arguments[3];
    resumes = strcmp(arguments[4], "resumed") == 0;
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    pthread_t threads[thread_count];
    for (intptr_t i = 0; i < thread_count; i++) pthread_create(&threads[i], NULL, open_many, (void *)i);
    wait_for(atof(arguments[5]));
    puts("begin");
    fflush(stdout);
    uint64_t begin = now();
    unsigned long before = opened, resumed_before = resumed;
    wait_for(atof(arguments[6]));
    double seconds = (double)(now() - begin) / 1e9;
    printf("end\n{\"connections\": %lu, \"resumed\": %lu, \"seconds\": %.6f}\n", opened - before,
        resumed - resumed_before, seconds);
    fflush(stdout);
    is_over = 1;
    for (int i = 0; i < thread_count; i++) pthread_join(threads[i], NULL);
}
