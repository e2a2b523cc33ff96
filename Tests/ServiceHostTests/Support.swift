import Credentials
import CustomerContracts
import Logging
import RPC
import Records
import Synchronization
import Tenancy
import Wire
import Work

@testable import ServiceHost

/// Values that many tests need.
enum Sample {
    static let tenant = TenantID(RecordID(high: 1, low: 1))
    static let user = UserID(RecordID(high: 2, low: 2))
    static let keyBytes = [UInt8](repeating: 7, count: 32)

    static func caller(
        tenant: TenantID? = Sample.tenant, expiresIn: Duration = .seconds(50), epoch: Int64 = 3
    ) -> Caller {
        Caller(
            kind: tenant == nil ? .operator : .user, tenantID: tenant, userID: user,
            sessionID: RecordID(high: 3, low: 3), policyEpoch: epoch,
            expireTime: Timestamp.now().advanced(by: expiresIn), workspace: tenant == nil ? "" : "acme")
    }

    /// Identity, for a user.
    static func program(expiresIn: Duration = .seconds(30)) -> Caller {
        Caller(
            kind: .program(.handOver), tenantID: tenant, userID: user, sessionID: nil, policyEpoch: 3,
            expireTime: Timestamp.now().advanced(by: expiresIn), workspace: "")
    }

    /// Customer, for the workspace itself.
    static func service(expiresIn: Duration = .seconds(30)) -> Caller {
        Caller(
            kind: .service(.mirrorRecords), tenantID: tenant, userID: .nobody, sessionID: nil, policyEpoch: 0,
            expireTime: Timestamp.now().advanced(by: expiresIn), workspace: "")
    }

    static func context(
        _ method: MethodDefinition = AccountServiceMethods.getAccount, peer: Peer = .program(.gateway),
        token: CallerTokenBytes? = nil, deadline: Deadline = .never, caller: Caller? = nil,
        logger: Logger = Logger(label: "test")
    ) -> CallContext {
        let context = CallContext(
            method: method, deadline: deadline, trace: .make(),
            connection: ConnectionContext(peer: peer, logger: logger),
            callerToken: token, arena: Arena(), startNanoseconds: 0)
        context.caller = caller
        return context
    }
}

/// The reason of the RPCError that the body throws; nil when it throws none.
func reason(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? RPCError)?.reason ?? "\(error)"
    }
}
