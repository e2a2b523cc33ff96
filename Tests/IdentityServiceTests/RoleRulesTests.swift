import AccessControl
import Contracts
import RPC
import Tenancy
import Testing
import Wire

@testable import IdentityService

struct RoleRulesTests {
    private func role(_ grants: [Contracts.Grant] = [], _ policies: [Contracts.FieldPolicy] = []) -> Role {
        Role(displayName: "test", grants: grants, fieldPolicies: policies)
    }

    private func access(_ roles: [Role]) throws -> UserAccess {
        let user = UserID(.make())
        let rules = roles.map { role in
            AccessControl.PolicyRole(
                id: .make(), displayName: "",
                grants: role.grants.map {
                    AccessControl.Grant(
                        object: $0.object ?? "", action: $0.action ?? "",
                        scope: Scope(rawValue: Int($0.scope?.rawValue ?? 0)) ?? .none)
                },
                fieldPolicies: role.fieldPolicies.map {
                    AccessControl.FieldPolicy(
                        object: $0.object ?? "", field: $0.field ?? "",
                        level: FieldLevel(rawValue: Int($0.access?.rawValue ?? 1) - 1) ?? .none)
                })
        }
        let snapshot = PolicySnapshot(
            tenantID: TenantID(.make()), epoch: 1, isActive: true, roles: rules, units: [],
            users: [AccessControl.PolicyUser(id: user, unitID: nil, roleIDs: rules.map(\.id))])
        return try #require(snapshot.access(of: user))
    }

    @Test func builtInRolesAreValid() {
        for role in BuiltInRole.all {
            #expect(RoleRules.violations(of: self.role(role.grants)).isEmpty, "\(role.name)")
        }
        #expect(BuiltInRole.all.map(\.name).contains("Sales rep"))
    }

    @Test func everyRecordTypeIsInTheCatalogueOnce() {
        let names = RoleCatalogue.records.map(\.object)
        #expect(Set(names).count == names.count)
        #expect(RoleCatalogue.records.allSatisfy { $0.descriptor.field("id") != nil })
    }

    @Test func refusesWhatNoServiceKeeps() {
        let wrong = role(
            [
                Contracts.Grant(object: "acount", action: "read", scope: .all),
                Contracts.Grant(object: "account", action: "look", scope: .all),
                Contracts.Grant(object: "account", action: "read", scope: .unspecified),
            ],
            [
                Contracts.FieldPolicy(object: "account", field: "colour", access: .read),
                Contracts.FieldPolicy(object: "account", field: "id", access: FieldAccess.none),
                Contracts.FieldPolicy(object: "account", field: "display_name", access: .unspecified),
            ])
        let fields = RoleRules.violations(of: wrong).map(\.field)
        #expect(
            fields == [
                "grants[0]", "grants[1]", "grants[2]", "field_policies[0]", "field_policies[1]",
                "field_policies[2]",
            ])
    }

    @Test func nobodyGivesMoreThanTheyHave() throws {
        let manager = try access([role(BuiltInRole.salesManager.grants)])
        let ceiling = RightsCeiling(caller: manager)
        #expect(ceiling.excess(of: [role(BuiltInRole.salesRep.grants)]) == nil)
        #expect(ceiling.excess(of: [role(BuiltInRole.reader.grants)]) == "account.read")
        #expect(ceiling.excess(of: [role(BuiltInRole.admin.grants)]) != nil)
        let admin = RightsCeiling(caller: try access([role(BuiltInRole.admin.grants)]))
        #expect(admin.excess(of: BuiltInRole.all.map { role($0.grants) }) == nil)
    }

    @Test func hiddenFieldsStayHiddenInRolesThatTheirViewerGives() throws {
        let grants = [Contracts.Grant(object: "account", action: "*", scope: .all)]
        let hidden = [Contracts.FieldPolicy(object: "account", field: "phone", access: FieldAccess.none)]
        let ceiling = RightsCeiling(caller: try access([role(grants, hidden)]))
        #expect(ceiling.excess(of: [role(grants, hidden)]) == nil)
        #expect(ceiling.excess(of: [role(grants)]) == "account.phone")
        // Two roles together give what one of them gives.
        #expect(ceiling.excess(of: [role(grants, hidden), role(grants)]) == "account.phone")
    }
}
