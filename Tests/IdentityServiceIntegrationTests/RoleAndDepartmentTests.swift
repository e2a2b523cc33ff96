import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService
@testable import ProductRoles

struct RoleAndDepartmentTests {
    @Test func builtInRolesStay() async throws {
        try await inWorkspace { _, workspace in
            let admin = try await workspace.roleID("Admin")
            let rep = try await workspace.roleID("Sales rep")
            #expect(try await reason { try await workspace.delete(Role.self, rep) } == "BUILT_IN_ROLE")
            #expect(try await reason { try await workspace.update(Role(id: admin), ["grants"]) } == "ADMIN_ROLE_FIXED")
            let policy = FieldPolicy(object: "account", field: "phone", access: .masked)
            #expect(
                try await reason {
                    try await workspace.update(Role(id: admin, fieldPolicies: [policy]), ["field_policies"])
                } == "ADMIN_ROLE_FIXED")
            let before = try await workspace.epoch()
            try await workspace.update(Role(id: rep, fieldPolicies: [policy]), ["field_policies"])
            #expect(try await workspace.epoch() > before)
            let compiled = try await workspace.policy().roles.first { $0.displayName == "Sales rep" }
            #expect(compiled?.fieldPolicies == [policy])
            #expect(compiled.map { Set($0.grants) } == Set(BuiltInRole.salesRep.grants))
        }
    }

    @Test func rolesSpeakOfWhatThereIs() async throws {
        try await inWorkspace { _, workspace in
            do {
                let wrong = Role(
                    displayName: "Wrong", grants: [Grant(object: "acount", action: "read", scope: .all)])
                try await workspace.create(wrong)
                Issue.record("a role for an unknown object was taken")
            } catch let error as RPCError {
                #expect(error.fieldViolations.map(\.field) == ["role.grants[0]"])
            }
        }
    }

    @Test func rolesInUseStay() async throws {
        try await inWorkspace { _, workspace in
            let created = try await workspace.create(Role(displayName: "Guest"))
            let role = try #require(created.id)
            let user = try await workspace.addUser("guest")
            try await workspace.update(User(id: user.description, roleIDs: [role]), ["role_ids"])
            #expect(try await reason { try await workspace.delete(Role.self, role) } == "ROLE_IN_USE")
            try await workspace.update(User(id: user.description), ["role_ids"])
            try await workspace.delete(Role.self, role)
        }
    }

    @Test func departmentsMakeNoCycles() async throws {
        try await inWorkspace { _, workspace in
            let top = try await workspace.makeDepartment("Top")
            let middle = try await workspace.makeDepartment("Middle", under: top)
            let low = try await workspace.makeDepartment("Low", under: middle)
            #expect(
                try await reason {
                    try await workspace.update(Department(id: top, parentDepartmentID: low), ["parent_department_id"])
                } == "DEPARTMENT_CYCLE")
            let units = try await workspace.policy().units
            #expect(units.count == 4)
            #expect(units.contains { $0.id == RecordID(low)?.bytes && $0.parentID == RecordID(middle)?.bytes })
        }
    }

    @Test func twoMovesAtOnceMakeNoCycle() async throws {
        try await inWorkspace { _, workspace in
            // Neither move touches a record of the other, but together they would close a ring of four.
            let one = try await workspace.makeDepartment("One")
            let belowOne = try await workspace.makeDepartment("Below one", under: one)
            let two = try await workspace.makeDepartment("Two")
            let belowTwo = try await workspace.makeDepartment("Below two", under: two)
            @Sendable func move(_ id: String, under parent: String) async throws -> String? {
                try await reason {
                    try await workspace.update(Department(id: id, parentDepartmentID: parent), ["parent_department_id"])
                }
            }
            async let first = move(one, under: belowTwo)
            async let second = move(two, under: belowOne)
            let outcomes = try await [first, second]
            // One may also lose a lock to the other and be told to try again.
            #expect(outcomes.filter { $0 == nil }.count == 1)
        }
    }

    @Test func departmentsInUseStay() async throws {
        try await inWorkspace { _, workspace in
            let top = try await workspace.makeDepartment("Top")
            let low = try await workspace.makeDepartment("Low", under: top)
            let user = try await workspace.addUser("worker")
            try await workspace.update(User(id: user.description, departmentID: low), ["department_id"])
            for id in [top, low] {
                #expect(try await reason { try await workspace.delete(Department.self, id) } == "DEPARTMENT_IN_USE")
            }
        }
    }
}
