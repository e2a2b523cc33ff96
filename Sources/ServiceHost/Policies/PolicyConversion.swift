package import AccessControl
package import Contracts
import Tenancy

// The values of policies as identity sends them, and as decisions are made on them. Ids that are not 16 bytes are left
// out: what cannot be read allows nothing.

extension PolicySnapshot {
    /// Nil when the policy does not say whose it is.
    package convenience init?(_ policy: TenantPolicy) {
        guard let tenant = policy.tenantID.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            tenantID: TenantID(tenant), epoch: policy.epoch ?? 0, isActive: policy.active ?? false,
            roles: policy.roles.compactMap { AccessControl.PolicyRole($0) },
            units: policy.units.compactMap { AccessControl.PolicyUnit($0) },
            users: policy.users.compactMap { AccessControl.PolicyUser($0) },
            placements: policy.placements.compactMap { Placement($0, tenant: TenantID(tenant)) },
            settings: policy.settings.map { AccessControl.WorkspaceSettings($0) } ?? AccessControl.WorkspaceSettings())
    }
}

extension AccessControl.WorkspaceSettings {
    init(_ settings: Contracts.WorkspaceSettings) {
        self.init(
            timeZone: settings.timeZone ?? "UTC", readRowsPerDayMax: settings.readRowsPerDayMax,
            deletedRecordsKeptDays: settings.deletedRecordsKeptDays)
    }
}

extension AccessControl.PolicyRole {
    init?(_ role: Contracts.PolicyRole) {
        guard let id = role.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: id, displayName: role.displayName ?? "", grants: role.grants.map { AccessControl.Grant($0) },
            fieldPolicies: role.fieldPolicies.map { AccessControl.FieldPolicy($0) })
    }
}

extension AccessControl.Grant {
    /// A scope that this version does not know allows nothing.
    package init(_ grant: Contracts.Grant) {
        let scope: Scope =
            switch grant.scope ?? .unspecified {
            case .own: .own
            case .unit: .unit
            case .subtree: .subtree
            case .all: .all
            default: .none
            }
        self.init(object: grant.object ?? "", action: grant.action ?? "", scope: scope)
    }
}

extension AccessControl.FieldPolicy {
    /// A level that this version does not know hides the field.
    package init(_ policy: Contracts.FieldPolicy) {
        let level: FieldLevel =
            switch policy.access ?? .unspecified {
            case .masked: .masked
            case .read: .read
            case .write: .write
            default: .none
            }
        self.init(object: policy.object ?? "", field: policy.field ?? "", level: level)
    }
}

extension AccessControl.PolicyUnit {
    init?(_ unit: Contracts.PolicyUnit) {
        guard let id = unit.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: id, parentID: unit.parentID.flatMap { RecordID(bytes: $0) }, isDeleted: unit.deleted ?? false)
    }
}

extension AccessControl.PolicyUser {
    init?(_ user: Contracts.PolicyUser) {
        guard let id = user.id.flatMap({ RecordID(bytes: $0) }) else { return nil }
        self.init(
            id: UserID(id), unitID: user.unitID.flatMap { RecordID(bytes: $0) },
            roleIDs: user.roleIDs.compactMap { RecordID(bytes: $0) })
    }
}

extension Placement {
    /// Nil for a program or a number that this version does not know.
    init?(_ placement: TenantPlacement, tenant: TenantID) {
        guard let service = placement.service.flatMap({ ServiceName(rawValue: $0) }),
            let partition = placement.partition, partition >= 0
        else { return nil }
        self.init(
            tenantID: tenant, service: service, database: placement.database ?? "default",
            partition: Int(partition), epoch: placement.epoch ?? 0)
    }
}
