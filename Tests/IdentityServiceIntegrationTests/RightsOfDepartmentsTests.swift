import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Attacks of somebody who administers departments and roles, to let himself or others see more.
// One after another: each opens a workspace, and many at once keep the workers busy with password hashes.
@Suite(.serialized) struct RightsOfDepartmentsTests {
    @Test func aMovedDepartmentWidensNobodysReach() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            #expect(try await office.move(office.sales, under: office.staff) == "RIGHTS_EXCEEDED")
            // Nor that of somebody else, at any level above.
            let region = try await office.workspace.makeDepartment("Region")
            let branch = try await office.workspace.makeDepartment("Branch", under: region)
            let manager = try await office.workspace.roleID("Sales manager")
            let head = try await office.workspace.makeUser("head", in: region, roles: [manager])
            #expect(try await office.move(office.sales, under: branch) == "RIGHTS_EXCEEDED")
            #expect(try await office.workspace.move(office.sales, under: branch) == nil)
            // Within the same reach, and out of it, nothing is gained.
            #expect(try await office.move(office.sales, under: region) == nil)
            #expect(try await office.move(office.sales, under: nil) == nil)
            try await office.workspace.delete(User.self, head.description)
            #expect(try await office.move(office.sales, under: branch) == nil)
        }
    }

    @Test func aDepartmentOfOnesOwnMayBeMoved() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let post = try await office.workspace.makeDepartment("Post", under: office.staff)
            let looker = try await office.workspace.makeRole("Looker", [grant("account", "read", .subtree)])
            _ = try await office.workspace.makeUser("looker", in: office.sales, roles: [looker])
            #expect(try await office.move(post, under: office.sales) == nil)
            // The clerk gave it away and cannot take it back.
            #expect(try await office.move(post, under: office.staff) == "RIGHTS_EXCEEDED")
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
            let branch = try await office.workspace.makeDepartment("Branch", under: office.sales)
            let desk = try await office.workspace.makeDepartment("Desk", under: branch)
            let manager = try await office.workspace.roleID("Sales manager")
            let head = try await office.workspace.makeUser("head", in: office.sales, roles: [manager])
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
            try await office.delete(Department.self, desk)
            try await office.delete(Department.self, branch)
            #expect(try await reach() == Reach(units: below, takes: [false, false]))
            #expect(try await reason { try await office.restore(Department.self, desk) } == "REFERENCE_DELETED")
            try await office.restore(Department.self, branch)
            #expect(try await reach() == Reach(units: below, takes: [true, false]))
        }
    }

    /// The records of deleted departments move with the one above.
    @Test func aMovedDepartmentTakesItsDeletedOnesAlong() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let branch = try await office.workspace.makeDepartment("Branch", under: office.sales)
            try await office.delete(Department.self, branch)
            let manager = try await office.workspace.roleID("Sales manager")
            let head = try await office.workspace.makeUser("head", in: office.staff, roles: [manager])
            #expect(try await office.workspace.move(office.sales, under: office.staff) == nil)
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
            let looker = try await office.workspace.makeRole("Looker", [])
            let widened = Role(id: looker, grants: [grant("account", "read", .unit)])
            _ = try await office.workspace.makeUser("near", in: office.staff, roles: [looker])
            try await office.update(widened, ["grants"])
            try await office.update(Role(id: looker), ["grants"])
            _ = try await office.workspace.makeUser("far", in: office.sales, roles: [looker])
            #expect(try await reason { try await office.update(widened, ["grants"]) } == "RIGHTS_EXCEEDED")
        }
    }

    @Test func nobodyStripsOrDeletesARoleAboveTheirOwn() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let grants = [grant("deal", "*", .all)]
            let dealer = try await office.workspace.makeRole("Dealer", grants)
            for (field, role) in [
                ("grants", Role(id: dealer)), ("display_name", Role(id: dealer, displayName: "Guest")),
            ] {
                #expect(try await reason { try await office.update(role, [field]) } == "RIGHTS_EXCEEDED")
            }
            #expect(try await reason { try await office.delete(Role.self, dealer) } == "RIGHTS_EXCEEDED")
            let compiled = try await office.workspace.policy().roles.first { $0.displayName == "Dealer" }
            #expect(compiled?.grants == grants)
        }
    }
}
