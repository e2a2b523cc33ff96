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
}
