import RPC
import Reactor
import Tenancy

/// Begins the calls of one loop in the turns that `AdmissionControl` gives them.
// SAFETY: confined to its loop.
final class CallScheduler: @unchecked Sendable {
    /// What a call has here.
    enum Place {
        /// Nothing: it begins whatever else there is.
        case none
        case waiting(TenantID?)
        case running
    }

    /// A refused caller is told to wait at least and at most so long.
    private static let retryDelay: ClosedRange<UInt64> = 20_000_000...5_000_000_000

    private let loop: EventLoop
    private let rule: AdmissionRule
    private let observer: any TransportObserver
    private var control: AdmissionControl<TenantID?, RoutedCall>
    private var isBeginning = false

    init(loop: EventLoop, rule: AdmissionRule, observer: any TransportObserver) {
        self.loop = loop
        self.rule = rule
        self.observer = observer
        control = AdmissionControl(rule.limits)
    }

    /// Begins the call, now or in its turn. Throws UNAVAILABLE with OVERLOADED when it could not end in time, or too many wait.
    func take(_ call: RoutedCall) throws(RPCError) {
        guard case .inTurn(let tenant) = rule.place(call.context) else { return call.start() }
        let decision = control.arrive(
            call, of: tenant, cost: Int(call.context.cost), deadline: call.context.deadline, now: loop.now)
        switch decision {
        case .run:
            call.place = .running
            call.start()
        case .wait:
            call.place = .waiting(tenant)
            observer.callsQueued(by: 1)
        case .refuse(let wait): throw Self.overloaded(wait, call.context.deadline.remainingNanoseconds(at: loop.now))
        }
    }

    /// The call is over, or is not wanted any more before its turn.
    func leave(_ call: RoutedCall) {
        let place = call.place
        call.place = .none
        switch place {
        case .none: return
        case .waiting(let tenant):
            control.withdraw(of: tenant) { $0 === call }
            observer.callsQueued(by: -1)
        case .running:
            control.ended(afterNanoseconds: loop.now &- call.beganNanoseconds)
            beginNext()
        }
    }

    /// A call that ends while it begins frees its place for the next one, in this loop and not in itself.
    private func beginNext() {
        guard !isBeginning else { return }
        isBeginning = true
        while let call = control.next() {
            call.place = .running
            observer.callsQueued(by: -1)
            observer.callWaited(nanoseconds: loop.now &- call.context.startNanoseconds)
            call.start()
        }
        isBeginning = false
    }

    private static func overloaded(_ wait: UInt64, _ left: UInt64) -> RPCError {
        let delay = min(max(wait, retryDelay.lowerBound), retryDelay.upperBound)
        return RPCError(
            .unavailable, reason: "OVERLOADED",
            "Too much waits here for this call to be done in its time; nothing was done. Try again after the delay, or with a longer timeout.",
            details: [
                (key: "expected_wait_ms", value: "\(wait / 1_000_000)"),
                (key: "remaining_ms", value: "\(left / 1_000_000)"),
            ], retryDelay: .nanoseconds(Int64(delay)))
    }
}
