import RPC
import Reactor
import Tenancy
import Wire

/// Begins the calls of one loop in the turns that `AdmissionControl` gives them.
// SAFETY: confined to its loop.
final class CallScheduler: @unchecked Sendable {
    /// What a call has here.
    enum Place {
        /// Nothing: it begins whatever else there is.
        case none
        case waiting(TenantID?, bytes: Int)
        /// `cost`: as it was known when the call came.
        case running(TenantID?, cost: UInt32)
    }

    /// A refused caller is told to wait at least and at most so long.
    private static let retryDelay: ClosedRange<UInt64> = 20_000_000...5_000_000_000

    private let loop: EventLoop
    private let rule: AdmissionRule
    private let observer: any TransportObserver
    private var control: AdmissionControl<TenantID?, RoutedCall>
    private var isBeginning = false
    /// Memory of the requests that wait, of each tenant and in all: a short message may take a lot when it is unpacked.
    private var waitingBytes: [TenantID?: Int] = [:]
    private var waitingBytesOfAll = 0
    private static let waitingBytesOfTenantMax = 64 << 20
    private static let waitingBytesMax = 256 << 20

    init(loop: EventLoop, rule: AdmissionRule, observer: any TransportObserver) {
        self.loop = loop
        self.rule = rule
        self.observer = observer
        control = AdmissionControl(rule.limits)
    }

    /// Begins the call, now or in its turn. Throws UNAVAILABLE with OVERLOADED when it could not end in time, or too many wait.
    func take(_ call: RoutedCall) throws(RPCError) {
        guard case .inTurn(let tenant) = rule.place(call.context) else { return call.start() }
        let bytes = call.context.arena.usedBytes
        let decision = control.arrive(
            call, of: tenant, cost: Int(call.context.cost), deadline: call.context.deadline, now: loop.now)
        switch decision {
        case .run:
            call.place = .running(tenant, cost: call.context.cost)
            call.start()
        case .wait:
            call.place = .waiting(tenant, bytes: bytes)
            count(bytes, of: tenant)
            guard waitingBytes[tenant, default: 0] <= Self.waitingBytesOfTenantMax,
                waitingBytesOfAll <= Self.waitingBytesMax
            else {
                withdraw(call)
                throw Self.overloaded(0, call.context.deadline.remainingNanoseconds(at: loop.now))
            }
            observer.callsQueued(by: 1)
            // A place may be free that those in line before it may not have.
            beginNext()
        case .refuse(let wait): throw Self.overloaded(wait, call.context.deadline.remainingNanoseconds(at: loop.now))
        }
    }

    /// The call is over, or is not wanted any more before its turn.
    func leave(_ call: RoutedCall) {
        switch call.place {
        case .none: return
        case .waiting:
            withdraw(call)
            observer.callsQueued(by: -1)
        case .running(let tenant, let cost):
            call.place = .none
            let extraCost = Int(call.context.cost) - Int(cost)
            control.ended(of: tenant, afterNanoseconds: loop.now &- call.beganNanoseconds, extraCost: extraCost)
            beginNext()
        }
    }

    private func withdraw(_ call: RoutedCall) {
        guard case .waiting(let tenant, let bytes) = call.place else { return }
        call.place = .none
        count(-bytes, of: tenant)
        control.withdraw(of: tenant) { $0 === call }
    }

    private func count(_ bytes: Int, of tenant: TenantID?) {
        waitingBytesOfAll += bytes
        let sum = waitingBytes[tenant, default: 0] + bytes
        waitingBytes[tenant] = sum > 0 ? sum : nil
    }

    /// A call that ends while it begins frees its place for the next one, in this loop and not in itself.
    private func beginNext() {
        guard !isBeginning else { return }
        isBeginning = true
        while let call = control.next() {
            if case .waiting(let tenant, let bytes) = call.place {
                count(-bytes, of: tenant)
                call.place = .running(tenant, cost: call.context.cost)
            }
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
