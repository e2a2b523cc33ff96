import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// What a user would see in another department, as identity asks for it.
@Suite struct TransferCountTests {
    /// Two departments side by side with one below each, and records of somebody else in all of them, of the user, and in none.
    private struct Company {
        let matching: Matching
        let east, west: RecordID
        let user: UserID

        var service: TestService { matching.service }

        init(_ matching: Matching, seeing scope: Scope?) async throws {
            self.matching = matching
            let service = matching.service
            let (east, west) = (service.makeDepartment(), service.makeDepartment())
            let (eastern, western) = (service.makeDepartment(under: east), service.makeDepartment(under: west))
            (self.east, self.west) = (east, west)
            user = service.makeUser(scope.map { [("account", "read", $0), ("contact", "read", .own)] } ?? [], in: east)
            let other = service.makeUser([])
            for (count, department) in [(3, east), (2, eastern), (5, west), (4, western), (7, service.home)] {
                for _ in 0..<count { try await make(in: department, of: other) }
                try await make(in: department, of: user)
            }
            for owner in [other, user] { try await make(in: nil, of: owner) }
            let gone = try await make(in: west, of: other)
            _ = try await service.delete(Account.self, gone)
        }

        @discardableResult
        private func make(in department: RecordID?, of owner: UserID) async throws -> String {
            let made = try await service.create(
                Account(ownerID: owner.id.text, departmentID: department?.text, displayName: "a"))
            let id = try #require(made.id)
            if department == nil {
                try await service.sql("UPDATE {schema}.accounts SET department_id = NULL WHERE id = '\(id)'")
            }
            return id
        }

        func count(
            withRecords: Bool? = nil, of user: UserID? = nil, as admin: UserID? = nil
        ) async throws -> [TransferredRecords] {
            try await HandoverTests.client(matching, for: admin).countTransfer(
                CountTransferRequest(
                    userID: (user ?? self.user).id.bytes, departmentID: west.bytes, withRecords: withRecords)
            ).records
        }

        func seen() async throws -> Set<String> {
            Set(try await service.list(Account.self, as: user).compactMap(\.id))
        }
    }

    /// The counts are those of two lists, before and after.
    @Test(arguments: [Scope.own, .unit, .subtree, .all])
    func whatIsGainedAndLostIsWhatListsDifferBy(scope: Scope) async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: scope)
            let counted = try await company.count()
            let before = try await company.seen()
            company.service.move(company.user, to: company.west)
            let after = try await company.seen()
            let account = try #require(counted.first { $0.object == "account" })
            #expect(account.gainedCount == Int64(after.subtracting(before).count))
            #expect(account.lostCount == Int64(before.subtracting(after).count))
            let expected: [Scope: (Int64, Int64)] = [.own: (0, 0), .unit: (5, 3), .subtree: (9, 5), .all: (0, 0)]
            let (gained, lost) = try #require(expected[scope])
            #expect(account.gainedCount == gained && account.lostCount == lost)
            #expect(account.service == "customer" && account.movedCount == nil && account.reason == nil)
            // Of contacts the user sees his own wherever he is; of activities none, and so they are left out.
            #expect(counted.map(\.object) == ["account", "contact"])
            #expect(counted.last?.gainedCount == 0 && counted.last?.lostCount == 0)
        }
    }

    @Test func whatHeWouldTakeAlongIsCountedByTheAdminsRights() async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: .unit)
            // He owns six in other departments than west, and none of the other kinds.
            #expect(try await company.count(withRecords: true).map(\.movedCount) == [5, 0])
            let admin = company.service.makeUser([("account", "read", .all), ("account", "update", .all)])
            let refused = try await company.count(withRecords: true, as: admin)
            #expect(refused.map(\.reason) == ["PERMISSION_MISSING", "PERMISSION_MISSING"])
            #expect(refused.map(\.movedCount) == [nil, nil] && refused.first?.gainedCount == 5)
        }
    }

    /// A workspace is told of itself: of another's user it knows nothing, though that has as many records.
    @Test func anotherWorkspaceIsNotCounted() async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: .unit)
            let service = company.service
            try await service.postgres.withTenant(SampleService.stream) { tenant in
                let neighbour = try TestService(SampleService.definition, service.postgres, tenant, service.databases)
                let other = try await Company(try Matching(neighbour), seeing: .unit)
                #expect(try await company.count(of: other.user).isEmpty)
                let account = try #require(try await company.count().first)
                #expect(account.gainedCount == 5 && account.lostCount == 3)
            }
        }
    }

    @Test func whoSeesNothingGainsNothing() async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: nil)
            #expect(try await company.count().isEmpty)
            company.service.disable(company.user)
            #expect(try await company.count().isEmpty)
        }
    }

    /// Who waits for a count that does not end is told so, and gets the others.
    @Test func whatTakesTooLongIsLeftOutAndSaysSo() async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: .unit)
            let schema = company.service.tenant.schema(.customer).name
            let counted = try await company.service.postgres.holding("LOCK TABLE \(schema).accounts") {
                try await company.count()
            }
            let account = try #require(counted.first)
            #expect(account.gainedCount == nil && account.lostCount == nil)
            #expect(["READ_TIMEOUT", "DEADLINE_EXCEEDED"].contains(account.reason ?? ""), "\(account)")
            #expect(counted.last?.object == "contact" && counted.last?.gainedCount == 0)
        }
    }

    @Test func nobodyElseCounts() async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: .unit)
            let request = CountTransferRequest(userID: company.user.id.bytes, departmentID: company.west.bytes)
            let user = try HandoverTests.client(matching, kind: .user)
            #expect(try await denial { try await user.countTransfer(request) }.reason == "PURPOSE_MISSING")
            let gone = matching.service.makeUser([("*", "*", .all)])
            matching.service.disable(gone)
            let leaver = try HandoverTests.client(matching, for: gone)
            #expect(try await denial { try await leaver.countTransfer(request) }.reason == "USER_UNKNOWN")
        }
    }

    /// Once, and only his, and only those that are elsewhere.
    @Test func whatAUserOwnsGoesToHisDepartment() async throws {
        try await Matching.run { matching in
            let company = try await Company(matching, seeing: .unit)
            let client = try HandoverTests.client(matching)
            let user = company.user.id
            let wanted = BeginHandoverRequest(
                handoverID: RecordID.make().bytes, userID: user.bytes, successors: [Successor(userID: user.bytes)],
                newDepartmentID: company.west.bytes)
            for _ in 0..<2 { _ = try await client.beginHandover(wanted) }
            await matching.settle()
            let over = try #require(try await client.beginHandover(wanted).handover)
            #expect(over.openCount == 0 && over.failure == nil && over.report?.changedCount == 5)
            let own = "SELECT count(*) FROM {schema}.accounts WHERE owner_id = '\(user)'"
            #expect(try await matching.service.number(own) == 6)
            #expect(try await matching.service.number("\(own) AND department_id = '\(company.west)'") == 6)
            let others = "SELECT count(*) FROM {schema}.accounts WHERE owner_id <> '\(user)' AND version > 2"
            #expect(try await matching.service.number(others) == 0)
        }
    }
}
