import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// What programs write without a caller.
@Suite struct ProgramTests {
    private static let tidy = Purpose("tidy", needs: "activity.create", "activity.read", "activity.update")

    private func program(_ service: TestService, for user: UserID?) -> TenantActor {
        TenantActor(service.tenant.id, purpose: Self.tidy, onBehalfOf: user)
    }

    private func run<Value: Sendable>(
        _ service: TestService, for user: UserID?, _ body: (RecordTransaction) async throws -> Value
    ) async throws -> Value {
        try await service.engine.transaction(
            as: program(service, for: user), doing: ActivityServiceMethods.createActivity,
            deadline: .after(.seconds(20)),
            logger: service.postgres.logger, body)
    }

    /// Creates an activity; the type's rules set the subject and the time.
    private func write(_ service: TestService, for user: UserID?, _ activity: Activity = Activity(kind: .call))
        async throws -> String
    {
        try await run(service, for: user) { transaction in
            try await transaction.insert(SampleService.activity, activity, by: .caller).text("id") ?? ""
        }
    }

    @Test func whatAProgramWritesGoesTheWayOfAllWrites() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let id = try await write(service, for: people.rep)
            let stored = try await service.get(Activity(id: id))
            #expect(stored.subject == "From the rule" && stored.occurTime == stored.createTime && stored.version == 1)
            #expect(stored.ownerID == people.rep.id.text && stored.departmentID == people.north.text)
            let published = SampleService.committed.withLock { $0.contains(id) }
            #expect(published)
            let invalid = try await refusal {
                try await write(service, for: people.rep, Activity(kind: .call, subject: "a\u{7}b"))
            }
            #expect(invalid?.fieldViolations.map(\.reason) == ["FORBIDDEN_CHARACTER"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.activities") == 1)
        }
    }

    @Test func theLedgerTellsThePurposeAndForWhom() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let mine = try await write(service, for: people.rep)
            let ours = try await write(service, for: nil, Activity(ownerID: people.rep.id.text, kind: .call))
            let called = try await service.create(Activity(kind: .call)).id ?? ""
            #expect(try await ledger(mine, service) == ["- tidy \(people.rep) CreateActivity"])
            #expect(try await ledger(ours, service) == ["- tidy - CreateActivity"])
            #expect(try await ledger(called, service) == ["\(service.admin) - - CreateActivity"])
        }
    }

    /// Actor, purpose, on whose behalf, and method.
    private func ledger(_ id: String, _ service: TestService) async throws -> [String] {
        try await service.sql(
            """
            SELECT concat_ws(' ', coalesce(actor_id::text, '-'), coalesce(purpose, '-'),
                coalesce(on_behalf_of_id::text, '-'), substring(method FROM '[^/]*$'))
            FROM {schema}.ledger WHERE record_id = '\(id)'
            """
        ).map { try $0.string(0) }
    }

    @Test func forAUserItMayWhatTheUserMayNow() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let theirs = try await service.create(Account(displayName: "Theirs", city: "Rom"))
            // The purpose needs no account, the user may change his own.
            func change(_ user: UserID) async throws -> RPCError? {
                try await refusal {
                    try await run(service, for: user) { transaction in
                        let account = try await transaction.load(SampleService.account, id: theirs.id, for: .update)
                        try await transaction.update(account, by: .caller) { $0.set("city", "Bonn") }
                    }
                }
            }
            #expect(try await change(people.rep)?.reason == "RECORD_NOT_FOUND")
            #expect(try await change(people.nobody)?.reason == "PERMISSION_MISSING")
            #expect(try await change(people.reader)?.reason == "FIELD_NOT_WRITABLE")
            service.change(people.rep, to: [("account", "*", .all)])
            #expect(try await change(people.rep) == nil)
            #expect(try await service.get(theirs).city == "Bonn")
        }
    }

    @Test func forAUserWhoIsDisabledOrUnknownItDoesNothing() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            _ = try await write(service, for: people.rep)
            service.disable(people.rep)
            for user in [people.rep, UserID(.make())] {
                let refused = try await refusal { try await write(service, for: user) }
                #expect(refused?.code == .permissionDenied && refused?.reason == "USER_UNKNOWN")
            }
            service.policies.isStale.withLock { $0 = true }
            let stale = try await refusal { try await write(service, for: people.colleague) }
            #expect(stale?.reason == "POLICY_STALE")
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 1)
        }
    }

    @Test func forTheWorkspaceItMayWhatThePurposeNeeds() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let owned = Activity(ownerID: people.rep.id.text, kind: .call)
            let id = try await write(service, for: nil, owned)
            let ownerless = try await refusal { try await write(service, for: nil) }
            #expect(ownerless?.fieldViolations.map { "\($0.field) \($0.reason)" } == ["owner_id REQUIRED"])
            let deleted = try await refusal {
                try await run(service, for: nil) { transaction in
                    let activity = try await transaction.load(SampleService.activity, id: id, for: .update)
                    try await transaction.delete(activity)
                    return true
                }
            }
            #expect(deleted?.reason == "PERMISSION_MISSING")
            let other = try await refusal {
                try await run(service, for: nil) { transaction in
                    _ = try await transaction.insert(SampleService.contact, Contact(givenName: "A"), by: .program)
                    return true
                }
            }
            #expect(other?.reason == "PERMISSION_MISSING")
        }
    }

    @Test func inAClosedWorkspaceItWorksForTheWorkspaceOnly() async throws {
        try await TestService.run(SampleService.definition) { service in
            let id = try await service.create(Activity(kind: .call)).id
            service.close()
            let refused = try await refusal { try await write(service, for: service.admin) }
            #expect(refused?.reason == "USER_UNKNOWN")
            try await run(service, for: nil) { transaction in
                let activity = try await transaction.load(SampleService.activity, id: id, for: .update)
                try await transaction.update(activity, by: .caller) { $0.set("outcome", "Closed") }
            }
            #expect(try await service.number("SELECT version FROM {schema}.activities") == 2)
        }
    }
}
