import Contracts
import IdentityContracts
import Observability
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase

/// Sets up a tenant, step by step. Every step may be repeated, so a set-up that was cut off is simply run again; the
/// tenant can be used only after the last step.
///
/// Steps: name taken and work noted (one transaction) → schemas of all services, made by the provisioner → placements →
/// first records → active.
///
/// Whoever works at a set-up renews its lease all the time, so that the work of one who died is taken over soon.
struct TenantSetup: Sendable {
    let directory: Directory
    let tenantData: TenantData
    let provisioner: ProvisioningServiceClient
    let placements: DirectoryPlacements
    let feed: ChangeFeed
    let seed: TenantSeed

    /// How long nothing may be heard of a worker before another one takes over.
    static let lease = Duration.seconds(4)
    /// How often a worker renews its lease. One that cannot be renewed ends the work: the sweeper takes it up.
    static let renewalInterval = Duration.seconds(1)
    /// How long a worker may be busy with a tenant.
    static let timeout = Duration.seconds(45)
    /// The sweeper waits so long after a failure.
    static let retryDelay = Duration.seconds(2)

    /// Takes the name and notes the work, leased to the caller. False when the name is taken.
    func begin(_ tenant: NewTenant, _ work: TenantSetupRow, now: Timestamp, deadline: Deadline) async throws
        -> Bool
    {
        try await directory.transaction(deadline: deadline) { transaction in
            guard try await transaction.query(TenantTable.insert(tenant, now: now)).first != nil else {
                return false
            }
            try await transaction.query(TenantSetupTable.insert(work, lease: TenantSetup.lease))
            return true
        }
    }

    /// Takes over work that nobody does at the moment; nil when somebody does it or it is done.
    func lease(_ tenant: TenantID, deadline: Deadline) async throws -> TenantSetupRow? {
        let rows = try await directory.write(
            TenantSetupTable.lease(tenant, for: TenantSetup.lease), deadline: deadline)
        return try rows[0].first.map { try TenantSetupRow($0) }
    }

    /// Does the work, leased to the caller, and gives the active tenant. After a failure the work is given back.
    func run(_ work: TenantSetupRow, deadline: Deadline) async throws -> TenantRow {
        let limit = min(deadline, .after(TenantSetup.timeout))
        return try await working(at: work) {
            try await prepareSchemas(of: work, limit)
            return try await finish(work, limit)
        }
    }

    /// Gives up the work, leased to the caller: the tenant is removed.
    func undo(_ work: TenantSetupRow, deadline: Deadline) async throws {
        try await working(at: work) { try await remove(work.tenantID, deadline: deadline) }
    }

    /// Runs `body` under the lease, which is given back when it fails.
    private func working<Value: Sendable>(
        at work: TenantSetupRow, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        do {
            return try await holdingLease(of: work, body)
        } catch {
            _ = try? await directory.write(
                TenantSetupTable.release(work, retryAfter: TenantSetup.retryDelay, error: LogText.of(error)),
                deadline: .after(.seconds(5)))
            throw error
        }
    }

    /// Runs `body` and renews the lease meanwhile. When it cannot be renewed, `body` is cancelled: somebody else may
    /// soon be at work.
    private func holdingLease<Value: Sendable>(
        of work: TenantSetupRow, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await renewLease(of: work)
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }

    /// Renews until there is nothing to renew: the work is done, or was taken over, which does no harm.
    private func renewLease(of work: TenantSetupRow) async throws {
        guard let loop = EventLoop.current else { preconditionFailure("the directory is reached from a loop") }
        var isHeld = true
        while isHeld {
            try await loop.sleep(for: TenantSetup.renewalInterval)
            let rows = try await directory.write(
                TenantSetupTable.renew(work, for: TenantSetup.lease),
                deadline: .after(TenantSetup.lease - TenantSetup.renewalInterval))
            isHeld = !rows[0].isEmpty
        }
    }

    /// Has the provisioner drop what every service and the directory have of the tenant. Safe to repeat.
    func remove(_ tenant: TenantID, deadline: Deadline) async throws {
        _ = try await provisioner.dropTenant(
            DropTenantRequest(tenantID: tenant.id.bytes), options: .within(deadline))
        placements.forget(tenant)
        feed.announce(endedTenant: tenant)
    }

    private func prepareSchemas(of work: TenantSetupRow, _ deadline: Deadline) async throws {
        let made = try await schemas(of: work.tenantID, [], deadline)
        try await directory.transaction(deadline: deadline) { transaction in
            for schema in made { try await transaction.query(schema.putPlacement) }
        }
        placements.forget(work.tenantID)
    }

    /// Has the provisioner make schemas of the services, or of all when none is named. Those of services that this version does
    /// not know are left to the one that does.
    private func schemas(
        of tenant: TenantID, _ services: [ServiceName], _ deadline: Deadline
    ) async throws -> [MadeSchema] {
        let answer = try await provisioner.prepareTenant(
            PrepareTenantRequest(tenantID: tenant.id.bytes, services: services.map(\.rawValue)),
            options: .within(deadline))
        return answer.schemas.compactMap { MadeSchema($0, of: tenant) }
    }

    /// Gives a tenant in use the schema of a service that came after it, and tells the service where it is. Safe to repeat.
    ///
    /// - Throws: UNAVAILABLE when the provisioner cannot be asked, or is of a version that does not know the service.
    func add(_ service: ServiceName, to tenant: TenantID, deadline: Deadline) async throws {
        let made = try await schemas(of: tenant, [service], deadline)
        guard let schema = made.first(where: { $0.placement.service == service }) else {
            throw RPCError.unavailable(
                "SERVICE_UNAVAILABLE", "steward-provisioner does not know the service \(service); upgrade it.")
        }
        let epoch = try await directory.transaction(deadline: deadline) { transaction -> Int64? in
            guard let row = try await transaction.query(TenantTable.lock(tenant)).first,
                PlacementTable.statesInUse.contains(try TenantRow(row).state)
            else { return nil }
            try await transaction.query(schema.putPlacement)
            return try await transaction.query(TenantTable.bumpEpoch(tenant, now: .now())).one().int64(0)
        }
        placements.forget(tenant)
        if let epoch { feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: epoch)) }
    }

    private func finish(_ work: TenantSetupRow, _ deadline: Deadline) async throws -> TenantRow {
        let tenant = try await tenant(work.tenantID, deadline)
        try await tenantData.transaction(tenant.id, purpose: .setUpWorkspace, deadline: deadline) { transaction in
            try await seed.plant(tenant, work, now: .now(), in: transaction)
        }
        let rows = try await directory.write(
            TenantSetupTable.remove(tenant.id), TenantTable.setState(tenant.id, .active, now: .now()),
            TenantTable.setKnown(tenant.id, seed.catalogue.known), deadline: deadline)
        let active = try TenantRow(try rows[1].one())
        feed.announce(PolicyChangeEvent(tenantID: active.id, epoch: active.policyEpoch))
        return active
    }

    private func tenant(_ id: TenantID, _ deadline: Deadline) async throws -> TenantRow {
        let rows = try await directory.read(TenantTable.find(id), deadline: deadline)
        guard let row = rows.first else { throw IdentityError.tenantNotFound }
        return try TenantRow(row)
    }
}

/// A schema that the provisioner has made.
private struct MadeSchema: Sendable {
    let placement: Placement
    let version: Int

    /// Nil for a service that is not known here.
    init?(_ answer: PreparedSchema, of tenant: TenantID) {
        guard let service = answer.service.flatMap({ ServiceName(rawValue: $0) }) else { return nil }
        placement = Placement(
            tenantID: tenant, service: service, database: DatabaseEndpoint.defaultName,
            partition: Int(answer.partition ?? 0), epoch: 1)
        version = Int(answer.schemaVersion ?? 0)
    }

    var putPlacement: Query { PlacementTable.put(placement, schemaVersion: version) }
}

extension CallOptions {
    /// A call that ends by the deadline.
    static func within(_ deadline: Deadline) -> CallOptions {
        var options = CallOptions()
        options.deadline = deadline
        return options
    }
}
