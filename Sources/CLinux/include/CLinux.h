// The door to the Linux interfaces that Swift's Glibc module does not carry, and to one thread-local slot.
#pragma once
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

/// The value that this thread last stored with clinux_set_thread_slot, or null. Swift has no thread-local variables.
const void *clinux_thread_slot(void);
void clinux_set_thread_slot(const void *value);

/// accept4(2): glibc shows it only under _GNU_SOURCE, which Swift's importer does not define.
/// The descriptor is non-blocking and closed on exec. Returns -1 with errno set on failure.
int clinux_accept(int listener, struct sockaddr_storage *address, socklen_t *address_bytes);

/// Keeps the process's memory out of core files (RLIMIT_CORE, for good) and from other processes of the same user
/// (PR_SET_DUMPABLE). Returns -1 with errno set on failure.
int clinux_keep_memory_private(void);

/// Names the calling thread for ps, top and gdb; cut at the 15 bytes that the kernel keeps.
void clinux_name_thread(const char *name);

/// Lets the calling thread, and no other of the process, run so far below the others: 1 to 19 as in nice(1), which anybody may.
/// Linux keeps niceness for each thread; POSIX would have it for the process. Asks for a long slice as well, which Linux 6.12 and later
/// keep for each thread: whoever wakes has a shorter one, and need not wait until the slice, or the tick of up to 4 ms, ends.
void clinux_lower_thread(int niceness);
