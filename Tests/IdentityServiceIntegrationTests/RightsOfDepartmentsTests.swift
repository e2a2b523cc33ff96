import Contracts
import RPC
import Tenancy
import Testing

@testable import IdentityService

/// Attacks of somebody who administers departments and roles, to let himself or others see more.
// One after another: each opens a workspace, and many at once keep the workers busy with password hashes.
@Suite(.serialized) struct RightsOfDepartmentsTests {
    @Test func aMovedDepartmentWidensNobodysReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            #expect(
                try await office.move(office.sales, under: office.staff, by: office.departments)
                    == "RIGHTS_EXCEEDED")
            // Nor that of somebody else, at any level above.
            let region = try await Office.department("Region", in: office.workspace)
            let branch = try await Office.department("Branch", under: region, in: office.workspace)
            let manager = try await office.workspace.roleID("Sales manager")
            let head = try await office.add("head", in: region, roles: [manager])
            #expect(
                try await office.move(office.sales, under: branch, by: office.departments)
                    == "RIGHTS_EXCEEDED")
            #expect(
                try await office.move(
                    office.sales, under: branch, by: office.workspace.departments()) == nil)
            // Within the same reach, and out of it, nothing is gained.
            #expect(
                try await office.move(office.sales, under: region, by: office.departments) == nil)
            #expect(try await office.move(office.sales, under: nil, by: office.departments) == nil)
            _ = try await office.workspace.users().deleteUser(DeleteUserRequest(id: head.description))
            #expect(
                try await office.move(office.sales, under: branch, by: office.departments) == nil)
        }
    }

    @Test func aDepartmentOfOnesOwnMayBeMoved() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let post = try await Office.department("Post", under: office.staff, in: office.workspace)
            let looker = try await office.addRole("Looker", [grant("account", "read", .subtree)])
            _ = try await office.add("looker", in: office.sales, roles: [looker])
            #expect(try await office.move(post, under: office.sales, by: office.departments) == nil)
            // The clerk gave it away and cannot take it back.
            #expect(
                try await office.move(post, under: office.staff, by: office.departments)
                    == "RIGHTS_EXCEEDED")
        }
    }

    @Test func aRestoredDepartmentWidensNobodysReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let branch = try await Office.department(
                "Branch", under: office.sales, in: office.workspace)
            let manager = try await office.workspace.roleID("Sales manager")
            _ = try await office.add("head", in: office.sales, roles: [manager])
            _ = try await office.departments.deleteDepartment(DeleteDepartmentRequest(id: branch))
            let restore = RestoreDepartmentRequest(id: branch)
            #expect(
                try await reason { _ = try await office.departments.restoreDepartment(restore) }
                    == "RIGHTS_EXCEEDED")
            _ = try await office.workspace.departments().restoreDepartment(restore)
        }
    }

    @Test func aRoleWidensNobodysReachWhereItsEditorHasNone() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let looker = try await office.addRole("Looker", [])
            let widened = UpdateRoleRequest(
                role: Role(id: looker, grants: [grant("account", "read", .unit)]), updateMask: ["grants"])
            _ = try await office.add("near", in: office.staff, roles: [looker])
            _ = try await office.roles.updateRole(widened)
            _ = try await office.roles.updateRole(
                UpdateRoleRequest(role: Role(id: looker), updateMask: ["grants"]))
            _ = try await office.add("far", in: office.sales, roles: [looker])
            #expect(
                try await reason { _ = try await office.roles.updateRole(widened) } == "RIGHTS_EXCEEDED")
        }
    }

    @Test func nobodyStripsOrDeletesARoleAboveTheirOwn() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let grants = [grant("deal", "*", .all)]
            let dealer = try await office.addRole("Dealer", grants)
            for (field, role) in [
                ("grants", Role(id: dealer)), ("display_name", Role(id: dealer, displayName: "Guest")),
            ] {
                #expect(
                    try await reason {
                        _ = try await office.roles.updateRole(
                            UpdateRoleRequest(role: role, updateMask: [field]))
                    } == "RIGHTS_EXCEEDED")
            }
            #expect(
                try await reason {
                    _ = try await office.roles.deleteRole(DeleteRoleRequest(id: dealer))
                } == "RIGHTS_EXCEEDED")
            let compiled = try await office.workspace.policy().roles.first { $0.displayName == "Dealer" }
            #expect(compiled?.grants == grants)
        }
    }
}
