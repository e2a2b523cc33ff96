import AccessControl
import Contracts
import RPC
import Records
import ServiceHost
import Tenancy
import Work

/// Asks the services that keep records to give away what a user leaves behind, or to take it along: in the name of who asked for it, whose rights count there.
struct HandoverClient: Sendable {
    /// Longest wait for an answer; a step of a saga has one.
    private static let timeout: Duration = .seconds(5)
    /// Longest time that a proof of such a call is believed.
    private static let tokenLifetime = Duration.seconds(30)

    private let channels: [ServiceName: any RPCChannel]
    private let minter: CallerTokenMinter
    private let policies: any PolicySource

    init(_ channels: [ServiceName: any RPCChannel], _ minter: CallerTokenMinter, _ policies: any PolicySource) {
        (self.channels, self.minter, self.policies) = (channels, minter, policies)
    }

    /// In the order in which they are asked.
    var services: [ServiceName] { channels.keys.sorted { $0.rawValue < $1.rawValue } }

    /// What the user would leave behind, of all services.
    ///
    /// - Throws: UNAVAILABLE when one of them cannot be asked.
    func count(_ user: UserID, for admin: UserID, in tenant: TenantID) async throws -> [OwnedRecords] {
        var records: [OwnedRecords] = []
        for service in services {
            let request = CountOwnedRequest(userID: user.id.bytes)
            records += try await call(service, for: admin, in: tenant) { client, options in
                try await client.countOwned(request, options: options).records
            }
        }
        return records
    }

    /// What the user would see newly, and no longer, in another department, of all services.
    ///
    /// - Throws: UNAVAILABLE when one of them cannot be asked.
    func countTransfer(
        _ request: CountTransferRequest, for admin: UserID, in tenant: TenantID
    ) async throws -> [TransferredRecords] {
        var records: [TransferredRecords] = []
        for service in services {
            records += try await call(service, for: admin, in: tenant) { client, options in
                try await client.countTransfer(request, options: options).records
            }
        }
        return records
    }

    func begin(
        _ request: BeginHandoverRequest, _ service: ServiceName, for admin: UserID, in tenant: TenantID
    ) async throws -> Handover {
        try await call(service, for: admin, in: tenant) { client, options in
            try await client.beginHandover(request, options: options).handover ?? Handover()
        }
    }

    func cancel(
        _ handover: RecordID, _ service: ServiceName, for admin: UserID, in tenant: TenantID
    ) async throws -> Handover {
        let request = CancelHandoverRequest(handoverID: handover.bytes)
        return try await call(service, for: admin, in: tenant) { client, options in
            try await client.cancelHandover(request, options: options).handover ?? Handover()
        }
    }

    private func call<Answer>(
        _ service: ServiceName, for admin: UserID, in tenant: TenantID,
        _ body: (HandoverServiceClient, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        guard let channel = channels[service] else { preconditionFailure("\(service) is no peer of identity") }
        let policy = try await policies.snapshot(of: tenant, minEpoch: 0)
        let caller = Caller(
            kind: .program(.handOver), tenantID: tenant, userID: admin, sessionID: nil, policyEpoch: policy.epoch,
            expireTime: .now().advanced(by: Self.tokenLifetime), workspace: "")
        var options = CallOptions(timeout: Self.timeout)
        options.callerToken = try minter.mint(caller, for: service)
        return try await body(HandoverServiceClient(channel: channel), options)
    }
}
