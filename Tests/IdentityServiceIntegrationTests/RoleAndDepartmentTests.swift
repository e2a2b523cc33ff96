import Contracts
import RPC
import Tenancy
import Testing

@testable import IdentityService

struct RoleAndDepartmentTests {
    @Test func builtInRolesStay() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let admin = try await workspace.roleID("Admin")
            let rep = try await workspace.roleID("Sales rep")
            let roles = workspace.roles()
            #expect(
                try await reason { _ = try await roles.deleteRole(DeleteRoleRequest(id: rep)) }
                    == "BUILT_IN_ROLE")
            #expect(
                try await reason {
                    _ = try await roles.updateRole(
                        UpdateRoleRequest(role: Role(id: admin), updateMask: ["grants"]))
                } == "ADMIN_ROLE_FIXED")
            let policy = FieldPolicy(object: "account", field: "phone", access: .masked)
            #expect(
                try await reason {
                    _ = try await roles.updateRole(
                        UpdateRoleRequest(
                            role: Role(id: admin, fieldPolicies: [policy]), updateMask: ["field_policies"]))
                } == "ADMIN_ROLE_FIXED")
            let before = try await workspace.epoch()
            _ = try await roles.updateRole(
                UpdateRoleRequest(
                    role: Role(id: rep, fieldPolicies: [policy]), updateMask: ["field_policies"]))
            #expect(try await workspace.epoch() > before)
            let compiled = try await workspace.policy().roles.first { $0.displayName == "Sales rep" }
            #expect(compiled?.fieldPolicies == [policy])
            #expect(compiled.map { Set($0.grants) } == Set(BuiltInRole.salesRep.grants))
        }
    }

    @Test func rolesSpeakOfWhatThereIs() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            do {
                let wrong = Role(
                    displayName: "Wrong", grants: [Grant(object: "acount", action: "read", scope: .all)])
                _ = try await workspace.roles().createRole(CreateRoleRequest(role: wrong))
                Issue.record("a role for an unknown object was taken")
            } catch let error as RPCError {
                #expect(error.fieldViolations.map(\.field) == ["role.grants[0]"])
            }
        }
    }

    @Test func rolesInUseStay() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let created = try await workspace.roles().createRole(
                CreateRoleRequest(role: Role(displayName: "Guest")))
            let role = try #require(created.role?.id)
            let user = try await workspace.addUser("guest")
            let users = workspace.users()
            _ = try await users.updateUser(
                UpdateUserRequest(user: User(id: user.description, roleIDs: [role]), updateMask: ["role_ids"])
            )
            #expect(
                try await reason { _ = try await workspace.roles().deleteRole(DeleteRoleRequest(id: role)) }
                    == "ROLE_IN_USE")
            _ = try await users.updateUser(
                UpdateUserRequest(user: User(id: user.description), updateMask: ["role_ids"]))
            _ = try await workspace.roles().deleteRole(DeleteRoleRequest(id: role))
        }
    }

    private func make(_ workspace: Workspace, _ name: String, under parent: String? = nil) async throws
        -> String
    {
        let department = Department(displayName: name, parentDepartmentID: parent)
        let created = try await workspace.departments().createDepartment(
            CreateDepartmentRequest(department: department))
        return try #require(created.department?.id)
    }

    @Test func departmentsMakeNoCycles() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let top = try await make(workspace, "Top")
            let middle = try await make(workspace, "Middle", under: top)
            let low = try await make(workspace, "Low", under: middle)
            #expect(
                try await reason {
                    _ = try await workspace.departments().updateDepartment(
                        UpdateDepartmentRequest(
                            department: Department(id: top, parentDepartmentID: low),
                            updateMask: ["parent_department_id"]))
                } == "DEPARTMENT_CYCLE")
            let units = try await workspace.policy().units
            #expect(units.count == 4)
            #expect(
                units.contains { $0.id == RecordID(low)?.bytes && $0.parentID == RecordID(middle)?.bytes })
        }
    }

    @Test func twoMovesAtOnceMakeNoCycle() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            // Neither move touches a record of the other, but together they would close a ring of four.
            let one = try await make(workspace, "One")
            let belowOne = try await make(workspace, "Below one", under: one)
            let two = try await make(workspace, "Two")
            let belowTwo = try await make(workspace, "Below two", under: two)
            @Sendable func move(_ id: String, under parent: String) async throws -> String? {
                try await reason {
                    _ = try await workspace.departments().updateDepartment(
                        UpdateDepartmentRequest(
                            department: Department(id: id, parentDepartmentID: parent),
                            updateMask: ["parent_department_id"]))
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
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let top = try await make(workspace, "Top")
            let low = try await make(workspace, "Low", under: top)
            let user = try await workspace.addUser("worker")
            _ = try await workspace.users().updateUser(
                UpdateUserRequest(
                    user: User(id: user.description, departmentID: low), updateMask: ["department_id"]))
            for id in [top, low] {
                #expect(
                    try await reason {
                        _ = try await workspace.departments().deleteDepartment(
                            DeleteDepartmentRequest(id: id))
                    } == "DEPARTMENT_IN_USE")
            }
        }
    }
}
