#define _GNU_SOURCE
#include "CLinux.h"
#include <linux/sched.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local const void *thread_slot;

const void *clinux_thread_slot(void) { return thread_slot; }

void clinux_set_thread_slot(const void *value) { thread_slot = value; }

int clinux_accept(int listener, struct sockaddr_storage *address, socklen_t *address_bytes) {
    return accept4(listener, (struct sockaddr *)address, address_bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int clinux_keep_memory_private(void) {
    const struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : -1;
}

void clinux_name_thread(const char *name) {
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = 0;
    pthread_setname_np(pthread_self(), cut);
}

void clinux_lower_thread(int niceness) {
    // sched_setattr(2); the kernel's header of it does not go together with glibc's.
    const struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {
        .size = sizeof attributes,
        .flags = SCHED_FLAG_KEEP_POLICY,
        .nice = niceness,
        // The slice, in nanoseconds. The kernel's own are of 3 ms at most; one much longer has the thread wait for as much longer where
        // others take all processors.
        .runtime = 10 * 1000 * 1000,
    };
    if (syscall(SYS_sched_setattr, 0, &attributes, 0) != 0) setpriority(PRIO_PROCESS, 0, niceness);
}
