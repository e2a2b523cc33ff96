import AccessControl
import Contracts
import RPC
import ServiceHost
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

    /// Departments whose records somebody sees, and whether others can be put into some of them.
    private struct Reach: Equatable {
        let units: Set<RecordID>
        let takes: [Bool]
    }

    /// A deleted department keeps its place: who saw its records by the department above goes on seeing them, and who restores it
    /// shows nobody more.
    @Test func aDeletedDepartmentChangesNobodysReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let branch = try await Office.department("Branch", under: office.sales, in: office.workspace)
            let desk = try await Office.department("Desk", under: branch, in: office.workspace)
            let manager = try await office.workspace.roleID("Sales manager")
            let head = try await office.add("head", in: office.sales, roles: [manager])
            let below = Set([office.sales, branch, desk].compactMap { RecordID($0) })
            func reach() async throws -> Reach {
                let compiled = try await office.workspace.policy()
                let policy = try #require(PolicySnapshot(compiled))
                let access = try #require(policy.access(of: head)).object("account")
                guard case .ownerOrUnits(head, let units) = access.predicate(.read, ownership: .owned) else {
                    return Reach(units: [], takes: [])
                }
                return Reach(units: Set(units), takes: [branch, desk].compactMap { RecordID($0) }.map(policy.hasUnit))
            }
            #expect(try await reach() == Reach(units: below, takes: [true, true]))
            _ = try await office.departments.deleteDepartment(DeleteDepartmentRequest(id: desk))
            _ = try await office.departments.deleteDepartment(DeleteDepartmentRequest(id: branch))
            #expect(try await reach() == Reach(units: below, takes: [false, false]))
            #expect(
                try await reason {
                    _ = try await office.departments.restoreDepartment(RestoreDepartmentRequest(id: desk))
                } == "REFERENCE_DELETED")
            _ = try await office.departments.restoreDepartment(RestoreDepartmentRequest(id: branch))
            #expect(try await reach() == Reach(units: below, takes: [true, false]))
        }
    }

    /// The records of deleted departments move with the one above.
    @Test func aMovedDepartmentTakesItsDeletedOnesAlong() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let branch = try await Office.department("Branch", under: office.sales, in: office.workspace)
            _ = try await office.departments.deleteDepartment(DeleteDepartmentRequest(id: branch))
            let manager = try await office.workspace.roleID("Sales manager")
            let head = try await office.add("head", in: office.staff, roles: [manager])
            #expect(
                try await office.move(office.sales, under: office.staff, by: office.workspace.departments()) == nil)
            let compiled = try await office.workspace.policy()
            let policy = try #require(PolicySnapshot(compiled))
            let access = try #require(policy.access(of: head)).object("account")
            guard case .ownerOrUnits(head, let units) = access.predicate(.read, ownership: .owned) else {
                Issue.record("not a subtree")
                return
            }
            #expect(RecordID(branch).map(units.contains) == true)
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
