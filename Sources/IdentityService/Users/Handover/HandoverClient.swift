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

    private let peers: RecordServices

    init(_ peers: RecordServices) { self.peers = peers }

    /// In the order in which they are asked.
    var services: [ServiceName] { peers.all }

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
        let way = try await peers.way(
            to: service, .handOver, for: admin, in: tenant, CallOptions(timeout: Self.timeout))
        guard let way else { preconditionFailure("\(service) is no peer of identity") }
        return try await body(HandoverServiceClient(channel: way.channel), way.options)
    }
}
