import RPC
import Reactor

/// One timer for the deadlines of all calls of a connection. Most calls end long before theirs, so a timer per call would be made for
/// nothing; here the timer is set for the earliest, and when it fires the owner looks through its calls.
// SAFETY: confined to its loop.
final class DeadlineWatch: @unchecked Sendable {
    private let loop: EventLoop
    private var timer: Timer?
    @exclusivity(unchecked) private var earliest = Deadline.never
    /// Ends the calls that are due; gives the earliest deadline of the rest.
    var onDue: ((_ now: UInt64) -> Deadline)?

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// A call with this deadline has begun.
    func add(_ deadline: Deadline) {
        guard deadline < earliest else { return }
        earliest = deadline
        timer?.cancel()
        timer = loop.schedule(at: deadline.nanoseconds) { [weak self] in self?.fire() }
    }

    func cancel() {
        timer?.cancel()
        timer = nil
        onDue = nil
    }

    private func fire() {
        timer = nil
        earliest = .never
        if let next = onDue?(loop.now) { add(next) }
    }
}
