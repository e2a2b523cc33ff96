import Contracts
import Postgres
import RPC
import Tenancy
import TenantDatabase

/// Sets up a tenant across the services, step by step. Every step may be repeated, so a set-up that was cut off is
/// simply run again; the tenant can be used only after the last step.
///
/// Steps: name taken and work noted (one transaction) → schemas of all services → placements → first records → active.
struct TenantSetup: Sendable {
    let directory: Directory
    let tenantData: TenantData
    let ownSchema: OwnSchema
    /// The other services that keep data of tenants.
    let services: [(name: ServiceName, client: ProvisioningServiceClient)]
    let placements: DirectoryPlacements
    let feed: ChangeFeed

    /// How long a worker may be busy with a tenant before another one takes over.
    static let lease = Duration.seconds(60)
    /// A worker gives up before its lease ends.
    static let timeout = Duration.seconds(45)
    /// The sweeper waits so long after a failure.
    static let retryDelay = Duration.seconds(10)

    /// Takes the name and notes the work, leased to the caller. False when the name is taken.
    func begin(_ tenant: NewTenant, _ work: TenantSetupRow, now: Timestamp, deadline: Deadline) async throws
        -> Bool
    {
        try await directory.transaction(deadline: deadline) { transaction in
            guard try await transaction.run(TenantTable.insert(tenant, now: now)).first != nil else {
                return false
            }
            try await transaction.run(
                TenantSetupTable.insert(work, leasedUntil: now.advanced(by: TenantSetup.lease)))
            // Where the data is going to be, so that the services find it while they prepare it.
            for service in [ServiceName.identity] + services.map(\.name) {
                try await transaction.run(
                    PlacementTable.put(TenantSetup.placement(of: tenant.id, service, 0), schemaVersion: 0))
            }
            return true
        }
    }

    /// Takes over work that nobody does at the moment; nil when somebody does it or it is done.
    func lease(_ tenant: TenantID, deadline: Deadline) async throws -> TenantSetupRow? {
        let now = Timestamp.now()
        let rows = try await directory.write(
            TenantSetupTable.lease(tenant, now: now, until: now.advanced(by: TenantSetup.lease)),
            deadline: deadline)
        return try rows[0].first.map { try TenantSetupRow($0) }
    }

    /// Does the work, leased to the caller, and gives the active tenant. After a failure the work is given back.
    func run(_ work: TenantSetupRow, deadline: Deadline) async throws -> TenantRow {
        let limit = min(deadline, .after(TenantSetup.timeout))
        do {
            try await prepareSchemas(of: work, limit)
            return try await finish(work, limit)
        } catch {
            let retryTime = Timestamp.now().advanced(by: TenantSetup.retryDelay)
            _ = try? await directory.write(
                TenantSetupTable.release(work.tenantID, retryTime: retryTime, error: "\(error)"),
                deadline: .after(.seconds(5)))
            throw error
        }
    }

    /// Drops what every service has of the tenant, then forgets it. Safe to repeat.
    func remove(_ tenant: TenantID, deadline: Deadline) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ownSchema.drop(tenant) }
            for (_, client) in services {
                group.addTask {
                    _ = try await client.dropTenant(
                        DropTenantRequest(tenantID: tenant.id.bytes), options: .within(deadline))
                }
            }
            try await group.waitForAll()
        }
        try await directory.write(
            SessionTable.revoke(tenant: tenant, now: .now()), TenantTable.remove(tenant), deadline: deadline)
        placements.forget(tenant)
        feed.announce(endedTenant: tenant)
    }

    private func prepareSchemas(of work: TenantSetupRow, _ deadline: Deadline) async throws {
        let tenant = try await tenant(work.tenantID, deadline)
        let request = PrepareTenantRequest(
            tenantID: tenant.id.id.bytes, adminUserID: tenant.adminUserID.id.bytes)
        let prepared = try await withThrowingTaskGroup(of: Prepared.self) { group in
            group.addTask {
                Prepared(.identity, try await ownSchema.prepare(tenant.id))
            }
            for (name, client) in services {
                group.addTask {
                    Prepared(name, try await client.prepareTenant(request, options: .within(deadline)))
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await directory.transaction(deadline: deadline) { transaction in
            for item in prepared {
                let placement = TenantSetup.placement(of: tenant.id, item.service, item.partition)
                try await transaction.run(PlacementTable.put(placement, schemaVersion: item.schemaVersion))
            }
        }
        placements.forget(tenant.id)
    }

    private func finish(_ work: TenantSetupRow, _ deadline: Deadline) async throws -> TenantRow {
        let tenant = try await tenant(work.tenantID, deadline)
        try await tenantData.write(
            tenant.id, TenantSeed.queries(tenant: tenant, setup: work, now: .now()), purpose: "set up tenant",
            deadline: deadline)
        let rows = try await directory.write(
            TenantSetupTable.remove(tenant.id), TenantTable.setState(tenant.id, .active, now: .now()),
            deadline: deadline)
        let active = try TenantRow(try rows[1].one())
        feed.announce(PolicyChangeEvent(tenantID: active.id, epoch: active.policyEpoch))
        return active
    }

    private func tenant(_ id: TenantID, _ deadline: Deadline) async throws -> TenantRow {
        let rows = try await directory.read(TenantTable.find(id), deadline: deadline)
        guard let row = rows.first else { throw IdentityError.tenantNotFound }
        return try TenantRow(row)
    }

    private static func placement(of tenant: TenantID, _ service: ServiceName, _ partition: Int) -> Placement {
        Placement(
            tenantID: tenant, service: service, database: DatabaseEndpoint.defaultName, partition: partition,
            epoch: 1)
    }
}

/// What a service answered when it had prepared a tenant.
private struct Prepared: Sendable {
    let service: ServiceName
    let schemaVersion: Int
    let partition: Int

    init(_ service: ServiceName, _ response: PrepareTenantResponse) {
        self.service = service
        schemaVersion = Int(response.schemaVersion ?? 0)
        partition = Int(response.partition ?? 0)
    }
}

extension CallOptions {
    /// A call that ends by the deadline.
    static func within(_ deadline: Deadline) -> CallOptions {
        var options = CallOptions()
        options.deadline = deadline
        return options
    }
}
