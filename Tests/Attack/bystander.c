// A well-behaved client beside the attackers: a call every few milliseconds on one connection, whatever the server does.
// A call's time counts from the moment at which it was due, so that waiting for the one before it is not forgotten.
#include "link.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { calls_max = 1 << 16 };
static const double interval = 0.004;

static double ends_at;
static uint32_t microseconds[calls_max];
static _Atomic int call_count;

static void sleep_until(double moment) {
    struct timespec t = {.tv_sec = (time_t)moment, .tv_nsec = (long)((moment - (double)(time_t)moment) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

// Waits for the status of the call that is under way. False when the connection is gone or ten seconds have passed.
static int await_answer(struct link *l) {
    for (int i = 0; i < 10; i++) {
        long before = l->statuses;
        if (!receive(l, 1000)) return 0;
        if (l->statuses > before) return 1;
    }
    return 0;
}

static void *call_on(void *unused) {
    struct link l;
    struct bytes b = {0};
    (void)unused;
    if (!open_tls(&l, NULL) || !say_hello(&l, -1, -1)) return "could not connect";
    double due = now();
    for (uint64_t id = 1; due < ends_at && call_count < calls_max; id++, due += interval) {
        b.count = 0;
        put_call(&b, id, "steward.rpc.v1.HealthService/CheckHealth", NULL, NULL);
        sleep_until(due);
        if (!send_all(&l, b.data, b.count) || !await_answer(&l)) return "was not answered";
        microseconds[call_count++] = (uint32_t)((now() - due) * 1e6);
    }
    close_link(&l, 0);
    free(b.data);
    return NULL;
}

static int by_value(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int stand_by(int clients, double end) {
    pthread_t ids[64];
    const char *problem = NULL;
    ends_at = end;
    for (int i = 0; i < clients && i < 64; i++)
        if (pthread_create(&ids[i], NULL, call_on, NULL) != 0) return 1;
    for (int i = 0; i < clients && i < 64; i++) {
        void *result;
        pthread_join(ids[i], &result);
        if (result) problem = result;
    }
    int count = call_count;
    if (problem || count == 0) {
        fprintf(stderr, "a bystander %s\n", problem ? problem : "made no call");
        return 1;
    }
    qsort(microseconds, (size_t)count, sizeof *microseconds, by_value);
    printf("calls %d\np50_us %u\np99_us %u\n", count, microseconds[count / 2], microseconds[count - 1 - count / 100]);
    return 0;
}
