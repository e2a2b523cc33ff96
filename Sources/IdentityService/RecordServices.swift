import AccessControl
import RPC
import Records
import ServiceHost
import Tenancy

/// The ways from identity to the services that keep records, with the proof of who calls them for what.
struct RecordServices: Sendable {
    /// Longest time that a proof of a call is believed.
    private static let tokenLifetime = Duration.seconds(30)

    private let channels: [ServiceName: any RPCChannel]
    private let minter: CallerTokenMinter
    private let policies: any PolicySource

    init(_ channels: [ServiceName: any RPCChannel], _ minter: CallerTokenMinter, _ policies: any PolicySource) {
        (self.channels, self.minter, self.policies) = (channels, minter, policies)
    }

    /// In the order in which they are asked.
    var all: [ServiceName] { channels.keys.sorted { $0.rawValue < $1.rawValue } }

    /// In the name of a user, whose rights count there; nil for a service that cannot be called.
    func way(
        to service: ServiceName?, _ purpose: Purpose, for user: UserID, in tenant: TenantID, _ options: CallOptions
    ) async throws -> (channel: any RPCChannel, options: CallOptions)? {
        try await way(to: service, .program(purpose), user, tenant, options)
    }

    /// For the workspace itself; nil for a service that cannot be called.
    func way(
        to service: ServiceName?, _ purpose: Purpose, in tenant: TenantID, _ options: CallOptions
    ) async throws -> (channel: any RPCChannel, options: CallOptions)? {
        try await way(to: service, .service(purpose), .nobody, tenant, options)
    }

    private func way(
        to service: ServiceName?, _ kind: Caller.Kind, _ user: UserID, _ tenant: TenantID, _ options: CallOptions
    ) async throws -> (channel: any RPCChannel, options: CallOptions)? {
        guard let service, let channel = channels[service] else { return nil }
        let policy = try await policies.snapshot(of: tenant, minEpoch: 0)
        let caller = Caller(
            kind: kind, tenantID: tenant, userID: user, sessionID: nil, policyEpoch: policy.epoch,
            expireTime: .now().advanced(by: Self.tokenLifetime), workspace: "")
        var options = options
        options.callerToken = try minter.mint(caller, for: service)
        return (channel, options)
    }
}
