import AccessControl
import Catalogue
import Contracts
import IdentityContracts
import RPC
import Tenancy
import Testing
import Wire

@testable import IdentityService
@testable import ProductRoles

struct RoleRulesTests {
    private func role(_ grants: [Contracts.Grant] = [], _ policies: [Contracts.FieldPolicy] = []) -> Role {
        Role(displayName: "test", grants: grants, fieldPolicies: policies)
    }

    @Test func builtInRolesAreValid() {
        for role in BuiltInRole.all {
            #expect(RoleRules.violations(of: self.role(role.grants), .product).isEmpty, "\(role.name)")
        }
        #expect(BuiltInRole.all.map(\.name).contains("Sales rep"))
    }

    @Test func everyRecordTypeIsInTheCatalogueOnce() {
        let names = ContractCatalogue.all.records.map(\.object)
        #expect(Set(names).count == names.count)
        #expect(ContractCatalogue.all.records.allSatisfy { $0.message.field("id") != nil })
        #expect(
            RoleCatalogue.product.permissions.objects.map(\.name) == names.filter { $0 != "record" } + [
                "settings", "job",
            ])
    }

    /// What the roles could do when their grants were still written down object by object, and on what came since.
    @Test func builtInRolesMayDoByCategoryWhatTheyCouldByName() {
        func grants(_ objects: [String], _ actions: [String], _ scope: GrantScope) -> [Contracts.Grant] {
            objects.flatMap { object in
                actions.map { Contracts.Grant(object: object, action: $0, scope: scope) }
            }
        }
        let customer = ["account", "contact", "account_contact", "activity", "lead"]
        let names = grants(
            ["pipeline", "stage", "user", "department", "field_definition", "object_definition", "choice_list"],
            ["read"],
            .all)
        let writing = ["create", "update", "delete"]
        let handingOut = ["import", "mass_update", "reassign"]
        let desk =
            grants(customer, ["read"], .all) + grants(["contact", "account_contact"], ["create", "update"], .all)
            + grants(["activity"], ["create"], .all) + grants(["activity"], ["update", "delete"], .own)
        let views = grants(["saved_view", "tag"], ["read"] + writing, .own)
        let shared =
            grants(["saved_view", "tag"], ["read", "create", "delete"], .own)
            + grants(["saved_view", "tag"], ["update"], .subtree)
        let expected = [
            "Admin": grants(["*"], ["*"], .all),
            "Sales manager": grants(customer + ["deal"], ["read"] + writing + handingOut, .subtree) + names
                + shared,
            "Sales rep": grants(customer + ["deal"], ["read"], .unit) + grants(customer + ["deal"], writing, .own)
                + names + views,
            "Reader": grants(customer + ["deal"], ["read"], .all) + names + views,
            "Service desk": desk + names + views,
        ]
        for role in BuiltInRole.all { #expect(Set(role.grants) == expected[role.name].map { Set($0) }, "\(role.name)") }
    }

    @Test func refusesWhatNoServiceKeeps() {
        let wrong = role(
            [
                Contracts.Grant(object: "acount", action: "read", scope: .all),
                Contracts.Grant(object: "account", action: "look", scope: .all),
                Contracts.Grant(object: "account", action: "read", scope: .unspecified),
                Contracts.Grant(object: "settings", action: "read", scope: .all),
            ],
            [
                Contracts.FieldPolicy(object: "account", field: "colour", access: .read),
                Contracts.FieldPolicy(object: "account", field: "id", access: FieldAccess.none),
                Contracts.FieldPolicy(object: "account", field: "display_name", access: .unspecified),
            ])
        let fields = RoleRules.violations(of: wrong, .product).map(\.field)
        #expect(
            fields == [
                "grants[0]", "grants[1]", "grants[2]", "grants[3]", "field_policies[0]", "field_policies[1]",
                "field_policies[2]",
            ])
    }
}
