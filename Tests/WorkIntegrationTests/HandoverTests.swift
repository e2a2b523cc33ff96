import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import Work

/// HandoverService, as identity calls it.
@Suite struct HandoverTests {
    static func client(
        _ matching: Matching, for user: UserID? = nil, kind: Caller.Kind = .program(.handOver)
    ) throws -> HandoverServiceClient {
        let service = matching.service
        var router = Router()
        try HandoverMethods(service.engine).register(on: &router)
        let isProgram = kind == .program(.handOver)
        let caller = Caller(
            kind: kind, tenantID: service.tenant.id, userID: user ?? service.admin,
            sessionID: isProgram ? nil : .make(), policyEpoch: 1, expireTime: .now().advanced(by: .seconds(30)),
            workspace: "")
        return HandoverServiceClient(
            channel: LocalChannel(routes: RouteTable(router), caller: caller, logger: service.postgres.logger))
    }

    private func request(
        _ id: RecordID, from: UserID, to successors: [Successor], retryBefore: Timestamp? = nil
    ) -> BeginHandoverRequest {
        BeginHandoverRequest(
            handoverID: id.bytes, userID: from.id.bytes, successors: successors,
            retryFailedBeforeMicros: retryBefore?.microseconds)
    }

    private func leaver(_ matching: Matching, in department: RecordID? = nil) -> UserID {
        matching.service.makeUser(
            [
                ("account", "create", .all), ("account", "read", .all), ("contact", "create", .all),
                ("contact", "read", .all),
            ],
            in: department)
    }

    private func owned(_ matching: Matching, by user: UserID) async throws -> Int64 {
        try await matching.service.number("SELECT count(*) FROM {schema}.accounts WHERE owner_id = '\(user.id)'")
    }

    @Test func allThatAUserOwnsGoesToTheSuccessorOnce() async throws {
        try await Matching.run { matching in
            let (from, to) = (leaver(matching), matching.service.makeUser([]))
            _ = try await matching.makeAccounts(205, as: from)
            let (client, id) = (try Self.client(matching), RecordID.make())
            let counts = try await client.countOwned(CountOwnedRequest(userID: from.id.bytes)).records
            #expect(counts.map(\.object) == ["account", "activity", "contact"] && counts.map(\.count) == [205, 0, 0])
            let wanted = request(id, from: from, to: [Successor(userID: to.id.bytes)])
            for _ in 0..<3 { #expect(try await client.beginHandover(wanted).handover?.openCount == 3) }
            await matching.settle()
            let over = try #require(try await client.beginHandover(wanted).handover)
            #expect(over.openCount == 0 && over.failure == nil && over.report?.changedCount == 205)
            let kinds = over.report?.kinds.map { "\($0.object ?? "") \($0.changedCount ?? -1)" }
            #expect(kinds == ["account 205", "activity 0", "contact 0"])
            #expect(try await owned(matching, by: to) == 205)
            let changes = try await matching.service.number(
                "SELECT count(*) FROM {schema}.ledger WHERE record_version = 2 AND on_behalf_of_id = '\(matching.service.admin)'"
            )
            #expect(changes == 205)
        }
    }

    /// Who waits for a count that does not end is told so, and gets the others.
    @Test func whatIsNotCountedInTimeIsLeftOutAndSaysSo() async throws {
        try await Matching.run { matching in
            let from = leaver(matching)
            _ = try await matching.makeAccounts(1, as: from)
            let (client, schema) = (try Self.client(matching), matching.service.tenant.schema(.customer).name)
            let start = ContinuousClock.now
            let counts = try await matching.service.postgres.holding("LOCK TABLE \(schema).contacts") {
                try await client.countOwned(CountOwnedRequest(userID: from.id.bytes)).records
            }
            #expect(counts.map(\.object) == ["account", "activity", "contact"] && counts.map(\.count) == [1, 0, nil])
            #expect(["READ_TIMEOUT", "DEADLINE_EXCEEDED"].contains(counts.last?.reason ?? ""), "\(counts)")
            // The call itself has 20 s.
            #expect(ContinuousClock.now - start < .seconds(12))
        }
    }

    @Test func aDepartmentsRecordsGoToItsSuccessor() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let (support, other) = (service.makeDepartment(), service.makeDepartment())
            let (from, boss, head) = (leaver(matching), service.makeUser([]), service.makeUser([]))
            for department in [support, other, nil] {
                _ = try await service.create(
                    Account(ownerID: from.id.text, departmentID: department?.text, displayName: "a"))
            }
            try await service.sql(
                "UPDATE {schema}.accounts SET department_id = NULL WHERE department_id = '\(service.home)'")
            let parts = [
                Successor(userID: boss.id.bytes), Successor(userID: head.id.bytes, departmentID: support.bytes),
            ]
            let wanted = request(.make(), from: from, to: parts)
            _ = try await Self.client(matching).beginHandover(wanted)
            await matching.settle()
            #expect(try await owned(matching, by: head) == 1)
            #expect(try await owned(matching, by: boss) == 2)
            let kinds = try #require(try await Self.client(matching).beginHandover(wanted).handover?.report?.kinds)
            #expect(Set(kinds.map(\.object)).count == kinds.count, "\(kinds)")
            #expect(kinds.first { $0.object == "account" }?.changedCount == 3)
        }
    }

    /// A beginning that was on its way when the handover was cancelled begins nothing.
    @Test func cancelledBeforeItBeganItNeverBegins() async throws {
        try await Matching.run { matching in
            let (from, to) = (leaver(matching), matching.service.makeUser([]))
            _ = try await matching.makeAccounts(1, as: from)
            let (client, id) = (try Self.client(matching), RecordID.make())
            _ = try await client.cancelHandover(CancelHandoverRequest(handoverID: id.bytes))
            _ = try await client.beginHandover(request(id, from: from, to: [Successor(userID: to.id.bytes)]))
            await matching.settle()
            let over = try await client.beginHandover(request(id, from: from, to: [Successor(userID: to.id.bytes)]))
            #expect(over.handover?.openCount == 0 && over.handover?.failure == "JOB_CANCELLED")
            #expect(try await owned(matching, by: from) == 1)
        }
    }

    @Test func whatFailedIsTriedAgainWhenAsked() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let (from, to) = (leaver(matching), service.makeUser([]))
            _ = try await matching.makeAccounts(2, as: from)
            let admin = service.makeUser([("account", "read", .all)])
            let (client, id) = (try Self.client(matching, for: admin), RecordID.make())
            let counts = try await client.countOwned(CountOwnedRequest(userID: from.id.bytes)).records
            #expect(counts.map(\.count) == [nil, nil, nil])
            #expect(Set(counts.map(\.reason)) == ["PERMISSION_MISSING"])
            let wanted = request(id, from: from, to: [Successor(userID: to.id.bytes)])
            _ = try await client.beginHandover(wanted)
            await matching.settle()
            #expect(try await client.beginHandover(wanted).handover?.failure == "PERMISSION_MISSING")
            service.change(admin, to: [("*", "*", .all)])
            await matching.settle()
            #expect(try await owned(matching, by: from) == 2)
            let again = request(id, from: from, to: [Successor(userID: to.id.bytes)], retryBefore: .now())
            #expect(try await client.beginHandover(again).handover?.openCount == 3)
            await matching.settle()
            #expect(try await client.beginHandover(wanted).handover?.report?.changedCount == 2)
            #expect(try await owned(matching, by: to) == 2)
        }
    }

    /// Somebody cancelled one part: tried again, the handover goes on, and what was done stays counted.
    @Test func aPartThatWasCancelledIsTriedAgainWhenAsked() async throws {
        try await Matching.run { matching in
            let (from, to) = (leaver(matching), matching.service.makeUser([]))
            _ = try await matching.makeAccounts(2, as: from)
            let (client, id) = (try Self.client(matching), RecordID.make())
            let wanted = request(id, from: from, to: [Successor(userID: to.id.bytes)])
            _ = try await client.beginHandover(wanted)
            let part = try await matching.service.sql(
                "SELECT id FROM {schema}.jobs WHERE name = 'reassign_matching_accounts'"
            ).one().id(0)
            let _: CancelJobResponse = try await matching.service.channel().call(
                matching.methods.cancelJob, CancelJobRequest(id: part.text), CallOptions())
            await matching.settle()
            let early = request(id, from: from, to: wanted.successors, retryBefore: Timestamp(seconds: 1))
            for same in [wanted, early] {
                #expect(try await client.beginHandover(same).handover?.failure == "JOB_CANCELLED")
            }
            let again = request(id, from: from, to: wanted.successors, retryBefore: .now())
            #expect(try await client.beginHandover(again).handover?.openCount == 1)
            await matching.settle()
            let over = try #require(try await client.beginHandover(wanted).handover)
            #expect(over.openCount == 0 && over.failure == nil && over.report?.changedCount == 2)
            #expect(try await owned(matching, by: to) == 2)
        }
    }

    /// A saga whose time is over cancels what it has under way; tried again, it goes on, whether the service had begun or not.
    @Test(arguments: [true, false]) func aCancelledHandoverGoesOnWhenItsSagaIsTriedAgain(hadBegun: Bool) async throws {
        try await Matching.run { matching in
            let (from, to) = (leaver(matching), matching.service.makeUser([]))
            _ = try await matching.makeAccounts(2, as: from)
            let (client, id) = (try Self.client(matching), RecordID.make())
            let wanted = request(id, from: from, to: [Successor(userID: to.id.bytes)], retryBefore: .now())
            if hadBegun { _ = try await client.beginHandover(wanted) }
            for _ in 0..<2 { _ = try await client.cancelHandover(CancelHandoverRequest(handoverID: id.bytes)) }
            await matching.settle()
            let late = try await client.beginHandover(wanted)
            await matching.settle()
            #expect(try await owned(matching, by: to) == 0)
            #expect(late.handover?.failure == "JOB_CANCELLED")
            let again = request(id, from: from, to: wanted.successors, retryBefore: .now().advanced(by: .seconds(1)))
            _ = try await client.beginHandover(again)
            await matching.settle()
            let over = try #require(try await client.beginHandover(again).handover)
            #expect(over.failure == nil && over.openCount == 0 && over.report?.changedCount == 2)
            #expect(try await owned(matching, by: to) == 2)
        }
    }

    /// A beginning and a cancelling at the same moment: nothing is under way afterwards, whichever was first.
    @Test func beginningAndCancellingAtOnceEndsAsCancelled() async throws {
        try await Matching.run { matching in
            let (from, to) = (leaver(matching), matching.service.makeUser([]))
            _ = try await matching.makeAccounts(1, as: from)
            let client = try Self.client(matching)
            for _ in 0..<20 {
                let id = RecordID.make()
                let wanted = request(id, from: from, to: [Successor(userID: to.id.bytes)])
                async let begun = client.beginHandover(wanted)
                async let cancelled = client.cancelHandover(CancelHandoverRequest(handoverID: id.bytes))
                _ = try await (begun, cancelled)
                let open = """
                    SELECT count(*) FROM {schema}.jobs
                    WHERE starts_with(key, 'handover \(id) ') AND ended_at IS NULL AND cancel_asked_at IS NULL
                    """
                #expect(try await matching.service.number(open) == 0)
            }
        }
    }

    /// Who calls must be a program for this purpose, and he for whom it calls somebody of now.
    @Test func nobodyElseHandsOver() async throws {
        try await Matching.run { matching in
            let (from, to) = (leaver(matching), matching.service.makeUser([]))
            let wanted = request(.make(), from: from, to: [Successor(userID: to.id.bytes)])
            let user = try Self.client(matching, kind: .user)
            let denied = try await denial { try await user.beginHandover(wanted) }
            #expect(denied.reason == "PURPOSE_MISSING")
            for call in [
                { _ = try await user.countOwned(CountOwnedRequest(userID: from.id.bytes)) },
                { _ = try await user.cancelHandover(CancelHandoverRequest(handoverID: from.id.bytes)) },
            ] as [() async throws -> Void] {
                #expect(try await denial(call).reason == "PURPOSE_MISSING")
            }
            let gone = matching.service.makeUser([("*", "*", .all)])
            matching.service.disable(gone)
            let leaver = try Self.client(matching, for: gone)
            #expect(try await denial { try await leaver.beginHandover(wanted) }.reason == "USER_UNKNOWN")
            #expect(try await matching.service.number("SELECT count(*) FROM {schema}.jobs WHERE key IS NOT NULL") == 0)
        }
    }
}
