import Contracts
import RPC
import RPCTransport
import Reactor
import Synchronization
import Tenancy
import Wire

/// The session attached to a connection, with the proof of who calls that goes along with each of its calls. The proof
/// lives a minute at most; it is renewed ahead of its end while calls come, and on the first call after a pause.
// SAFETY: confined to the loop of its connection, except `isRevoked`, which is atomic.
final class SessionBinding: @unchecked Sendable {
    let sessionID: RecordID
    /// Nil for an operator.
    let tenantID: TenantID?
    let userID: RecordID?
    /// What the tenant uses of this gateway; nil for an operator.
    let account: TenantAccount?
    /// When the session ends unless it is refreshed.
    let sessionExpireTime: Timestamp

    private let handle: [UInt8]
    private let callers: CallerServiceClient
    private var token: CallerTokenBytes
    private var tokenExpireTime: Timestamp
    private var waiting: [(Result<CallerTokenBytes, RPCError>) -> Void] = []
    private var isRenewing = false
    /// The session may have ended unheard: identity is asked before the proof is used again.
    private var isDoubted = false
    private let revoked = Atomic<Bool>(false)
    private let loop: EventLoop
    private let streams = SessionStreams()
    private var proofTimer: Timer?

    /// A proof is not sent on within this long of its end, so that it does not run out on the way.
    private static let tokenMargin: Duration = .seconds(5)
    /// A proof is renewed in the background when it has less than this left.
    private static let renewAhead: Duration = .seconds(20)
    /// Least time between two renewals for streams.
    private static let renewPause: Duration = .seconds(2)
    /// How long identity may take for a renewal.
    private static let renewTimeout: Duration = .seconds(5)

    /// Asks identity about a session handle. UNAUTHENTICATED with SESSION_INVALID when it does not stand for a session.
    static func open(handle: [UInt8], callers: CallerServiceClient, accounts: TenantAccounts) async throws -> (
        SessionBinding, ResolveSessionResponse
    ) {
        let answer = try await callers.resolveSession(
            ResolveSessionRequest(sessionHandle: handle), options: CallOptions(timeout: renewTimeout))
        guard let loop = EventLoop.current else { preconditionFailure("connections live on loops") }
        let binding = try SessionBinding(
            handle: handle, callers: callers, accounts: accounts, answer: answer, loop: loop)
        return (binding, answer)
    }

    private init(
        handle: [UInt8], callers: CallerServiceClient, accounts: TenantAccounts, answer: ResolveSessionResponse,
        loop: EventLoop
    ) throws {
        guard let sessionID = answer.sessionID.flatMap({ RecordID(bytes: $0) }) else {
            throw RPCError(
                .internal, reason: "EMPTY_ANSWER", domain: "gateway", "No session came for this handle; sign in again."
            )
        }
        self.handle = handle
        self.callers = callers
        self.sessionID = sessionID
        tenantID = answer.tenantID.flatMap { RecordID(bytes: $0) }.map { TenantID($0) }
        userID = answer.userID.flatMap { RecordID(bytes: $0) }
        self.loop = loop
        account = tenantID.map { accounts.account(of: $0) }
        sessionExpireTime = Timestamp(microseconds: answer.sessionExpireMicros ?? 0)
        (token, tokenExpireTime) = try Self.token(of: answer)
    }

    /// The session has ended: from now on its calls are refused, and its streams end.
    func revoke() {
        revoked.store(true, ordering: .relaxed)
        loop.execute { [self] in streams.end(Self.ended) }
    }

    /// News of its end may have been missed: the next call asks identity first, and so do its streams, soon.
    func doubt() {
        loop.execute { [self] in
            isDoubted = true
            proofTimer?.cancel()
            proofTimer = nil
            keepProof()
        }
    }

    /// A stream goes on in the session's name until `leave`: it ends when the session does, and while it is open the proof is renewed as for
    /// new calls. One whose proof ran out, since identity is away, ends as a new call would be refused.
    func follow(_ call: InboundCall) {
        streams.add(call)
        keepProof()
    }

    func leave(_ call: InboundCall) { streams.remove(call) }

    /// Another session, or none, is attached in place of this one. Streams of the same user go on in the new one.
    func yield(to next: SessionBinding?) {
        guard let next, next.userID == userID, next.tenantID == tenantID else { return streams.end(Self.ended) }
        streams.move(to: next.streams)
        next.keepProof()
    }

    /// Renews the proof while streams are open.
    private func keepProof() {
        guard proofTimer == nil, !streams.isEmpty else { return }
        let left = Duration.microseconds(tokenExpireTime.microseconds - Timestamp.now().microseconds)
        let wait = isDoubted ? Self.renewPause : max(Self.renewPause, left - Self.renewAhead)
        proofTimer = loop.schedule(after: wait) { [self] in
            proofTimer = nil
            guard !streams.isEmpty else { return }
            whenRenewed(on: loop) { [self] result in
                if case .failure(let error) = result, tokenExpireTime <= .now() { streams.end(error) }
                keepProof()
            }
        }
    }

    /// The proof, at once when it still lasts; nil when it has to be renewed first (`whenRenewed`).
    func presentToken(on loop: EventLoop) throws(RPCError) -> CallerTokenBytes? {
        if revoked.load(ordering: .relaxed) { throw Self.ended }
        let now = Timestamp.now()
        if isDoubted || now.advanced(by: Self.renewAhead) > tokenExpireTime { renew(on: loop) }
        return !isDoubted && now.advanced(by: Self.tokenMargin) < tokenExpireTime ? token : nil
    }

    /// Calls back on the loop with the renewed proof, or with why there is none.
    func whenRenewed(on loop: EventLoop, _ action: @escaping (Result<CallerTokenBytes, RPCError>) -> Void) {
        waiting.append(action)
        renew(on: loop)
    }

    private func renew(on loop: EventLoop) {
        guard !isRenewing else { return }
        isRenewing = true
        loop.spawn { [self] in
            let result = await ask()
            isRenewing = false
            if case .failure(let error) = result, error.code == .unauthenticated { revoke() }
            let actions = waiting
            waiting = []
            for action in actions { action(result) }
        }
    }

    private func ask() async -> Result<CallerTokenBytes, RPCError> {
        do {
            let answer = try await callers.resolveSession(
                ResolveSessionRequest(sessionHandle: handle), options: CallOptions(timeout: Self.renewTimeout))
            (token, tokenExpireTime) = try Self.token(of: answer)
            isDoubted = false
            return .success(token)
        } catch let error as RPCError {
            return .failure(error)
        } catch {
            return .failure(RPCError(masking: error))
        }
    }

    private static func token(of answer: ResolveSessionResponse) throws -> (CallerTokenBytes, Timestamp) {
        guard let token = answer.token, let micros = answer.tokenExpireMicros else {
            throw RPCError(
                .internal, reason: "EMPTY_ANSWER", domain: "gateway", "No proof of the session came; sign in again.")
        }
        return (CallerTokenBytes(encoded: token.encoded()), Timestamp(microseconds: micros))
    }

    private static let ended = RPCError.unauthenticated(
        "SESSION_INVALID", "The session has ended: sign in again, then attach the new session.", domain: "gateway")
}
