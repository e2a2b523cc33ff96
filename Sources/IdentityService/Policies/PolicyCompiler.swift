import Contracts
import IdentityContracts
import RPC
import Tenancy

/// Puts together everything that decides who may do what in a tenant.
struct PolicyCompiler: Sendable {
    let directory: Directory
    let tenantData: TenantData

    /// The policy of a tenant. The version is read before the content, so that the content is never older than it
    /// says. Of a tenant that is not active only the placements are given.
    func policy(of id: TenantID, deadline: Deadline) async throws -> TenantPolicy {
        let rows = try await directory.read(TenantTable.find(id), deadline: deadline)
        guard let tenant = try rows.first.map({ try TenantRow($0) }) else {
            throw IdentityError.tenantNotFound
        }
        var policy = TenantPolicy()
        policy.tenantID = id.id.bytes
        policy.epoch = tenant.policyEpoch
        policy.active = tenant.state == .active
        policy.placements = try await placements(of: id, deadline)
        guard tenant.state == .active else { return policy }
        let now = Timestamp.now()
        let parts = try await tenantData.read(
            id, PolicyTables.roles(), PolicyTables.grants(), PolicyTables.fieldPolicies(), PolicyTables.units,
            PolicyTables.users, SettingsTable.since(now), PolicyTables.fields, PolicyTables.objects,
            PolicyTables.tags, PolicyTables.sharingRules, PolicyTables.choiceLists, PolicyTables.validationRules,
            purpose: .compilePolicy, deadline: deadline)
        policy.roles = try PolicyTables.roles(parts[0], parts[1], parts[2])
        policy.units = try PolicyTables.units(parts[3])
        policy.users = try await PolicyTables.users(parts[4])
        let settings = try SettingsTable.timeline(parts[5])
        policy.settings = settings.version(at: now).settings
        policy.upcomingSettings = settings.upcoming(at: now).map(\.settings)
        policy.fields = try PolicyTables.fields(parts[6])
        policy.objects = try PolicyTables.objects(parts[7])
        policy.tags = try await PolicyTables.tags(parts[8])
        policy.sharingRules = try PolicyTables.sharingRules(parts[9])
        policy.choiceLists = try PolicyTables.choiceLists(parts[10])
        policy.rules = try PolicyTables.validationRules(parts[11])
        return policy
    }

    private func placements(of id: TenantID, _ deadline: Deadline) async throws -> [TenantPlacement] {
        let rows = try await directory.read(PlacementTable.list(id), deadline: deadline)
        return try PlacementTable.placements(of: id, in: rows).map { placement in
            TenantPlacement(
                service: placement.service.rawValue, database: placement.database,
                partition: Int32(placement.partition), epoch: placement.epoch)
        }
    }
}
