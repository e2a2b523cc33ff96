import Contracts
import Credentials
import RPC
import ServiceHost
import Tenancy
import Wire

/// steward.platform.v1.CallerService, for the gateway; the host's topology admits nobody else.
struct CallerMethods: CallerServiceCustomMethods {
    let directory: Directory
    let feed: ChangeFeed
    let minter: CallerTokenMinter

    /// How long a service believes what identity stated without asking again; below the 60 s that services accept.
    static let tokenLifetime = Duration.seconds(50)

    func resolveSession(
        _ request: ResolveSessionRequest, _ context: CallContext
    ) async throws -> ResolveSessionResponse {
        guard let handle = request.sessionHandle, handle.count == SessionIssuer.tokenBytes else {
            throw IdentityError.sessionInvalid
        }
        let now = Timestamp.now()
        let rows = try await directory.read(
            SessionTable.resolve(handleDigest: TokenDigest.sha256(handle), now: now),
            deadline: context.deadline)
        guard let session = try rows.first.map({ try SessionRow($0) }) else {
            throw IdentityError.sessionInvalid
        }
        let caller = Caller(
            kind: session.tenant == nil ? .operator : .user, tenantID: session.tenant?.id,
            userID: session.userID,
            sessionID: session.id, policyEpoch: session.tenant?.policyEpoch ?? 0,
            expireTime: min(now.advanced(by: CallerMethods.tokenLifetime), session.expireTime),
            workspace: session.tenant?.workspace ?? "")
        return ResolveSessionResponse(
            token: try CallerToken(decoding: minter.mint(caller).encoded),
            tokenExpireMicros: caller.expireTime.microseconds,
            sessionExpireMicros: session.expireTime.microseconds, sessionID: session.id.bytes,
            tenantID: session.tenant?.id.id.bytes, userID: session.userID.id.bytes,
            workspace: session.tenant?.workspace)
    }

    func watchRevocations(
        _ request: WatchRevocationsRequest, _ responses: ResponseWriter<WatchRevocationsResponse>,
        _ context: CallContext
    ) async throws {
        let events = feed.revocations.watch()
        try await responses.write(WatchRevocationsResponse())
        for await event in events {
            try await responses.write(
                WatchRevocationsResponse(
                    sessionIDs: event.sessionIDs.map(\.bytes), tenantIDs: event.tenantIDs.map(\.id.bytes)))
        }
        throw IdentityError.watchEnded
    }
}
