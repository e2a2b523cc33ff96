import CLinux
import Glibc

/// The reactor's door to the kernel: one epoll descriptor and the eventfd that interrupts its wait.
///
/// Descriptors are watched level-triggered: a reader may stop after its share of a turn and is told again,
/// and libpq, which does not promise to read until the socket is empty, cannot miss an event. What
/// edge-triggering would save (switching write interest on and off) happens only when a send buffer is full.
struct Poller: ~Copyable {
    /// Events taken from the kernel in one turn; more wait for the next one.
    static let eventCountMax = 256
    /// The token of the wake-up descriptor; tokens of watches never reach it.
    static let wakeUpToken = UInt64.max

    private let epoll: Int32
    private let wakeUp: Int32
    private let events: UnsafeMutablePointer<epoll_event>

    init() throws {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw ReactorError(call: "epoll_create1", code: errno) }
        let wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        // Edge-triggered: each write is one event, so the counter need never be read.
        var event = epoll_event(
            events: EPOLLIN.rawValue | EPOLLET.rawValue, data: epoll_data_t(u64: Self.wakeUpToken))
        guard wakeUp >= 0, epoll_ctl(epoll, EPOLL_CTL_ADD, wakeUp, &event) == 0 else {
            let code = errno
            if wakeUp >= 0 { Glibc.close(wakeUp) }
            Glibc.close(epoll)
            throw ReactorError(call: wakeUp < 0 ? "eventfd" : "epoll_ctl", code: code)
        }
        self.epoll = epoll
        self.wakeUp = wakeUp
        events = .allocate(capacity: Self.eventCountMax)
    }

    deinit {
        events.deallocate()
        Glibc.close(wakeUp)
        Glibc.close(epoll)
    }

    func add(_ descriptor: Int32, interest: Interest, token: UInt64) throws {
        try control(EPOLL_CTL_ADD, descriptor, events: interest.rawValue, token: token)
    }

    func modify(_ descriptor: Int32, interest: Interest, token: UInt64) throws {
        try control(EPOLL_CTL_MOD, descriptor, events: interest.rawValue, token: token)
    }

    /// Forgets `descriptor`. One that was closed already is forgotten already.
    func remove(_ descriptor: Int32) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    /// Ends a wait that is going on, or the next one. May be called on any thread.
    func interrupt() {
        var one: UInt64 = 1
        // Fails only when 2^64-2 wake-ups were written: not in this universe.
        while write(wakeUp, &one, 8) < 0 && errno == EINTR {}
    }

    /// Waits until something is ready, at most until `deadline` (0: does not wait), and returns the number of
    /// events.
    func wait(now: UInt64, deadline: UInt64) -> Int {
        let count = epoll_wait(
            epoll, events, Int32(Self.eventCountMax), Self.timeout(now: now, deadline: deadline))
        if count >= 0 { return Int(count) }
        precondition(errno == EINTR, "epoll_wait failed with errno \(errno): a bug in the reactor")
        return 0
    }

    /// Event `index` of the last wait.
    func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
        let event = events[index]
        return (event.data.u64, Readiness(rawValue: event.events))
    }

    /// Milliseconds, rounded up so that a timer never fires early; -1 waits for ever.
    private static func timeout(now: UInt64, deadline: UInt64) -> Int32 {
        if deadline == .max { return -1 }
        if deadline <= now { return 0 }
        let milliseconds = (deadline - now - 1) / 1_000_000 + 1
        return Int32(truncatingIfNeeded: min(milliseconds, UInt64(Int32.max)))
    }

    private func control(_ operation: Int32, _ descriptor: Int32, events: UInt32, token: UInt64) throws {
        var event = epoll_event(events: events, data: epoll_data_t(u64: token))
        guard epoll_ctl(epoll, operation, descriptor, &event) == 0 else {
            throw ReactorError(call: "epoll_ctl", code: errno)
        }
    }
}
