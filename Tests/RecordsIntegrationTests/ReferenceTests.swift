import CustomerContracts
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@Suite struct ReferenceTests {
    @Test func recordsOfTheServiceMustExistLiveAndBeReadable() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let account = try await service.create(Account(displayName: "a"))
            let made = try await service.create(Activity(kind: .call, subject: "x", accountID: account.id))
            #expect(made.accountID == account.id && made.occurTime == made.createTime)
            let unknown = try await denial {
                try await service.create(Activity(kind: .call, subject: "x", accountID: RecordID.make().text))
            }
            #expect(unknown.code == .invalidArgument && unknown.reason == "REFERENCE_NOT_FOUND")
            #expect(unknown.fieldViolations.map(\.field) == ["activity.account_id"])
            // The account is the admin's, in the south: the rep of the north may not know of it.
            let hidden = try await denial {
                try await service.create(Activity(kind: .call, subject: "x", accountID: account.id), as: people.rep)
            }
            #expect(hidden.reason == "REFERENCE_NOT_FOUND")
            try await service.delete(account)
            let deleted = try await denial {
                try await service.create(Activity(kind: .call, subject: "x", accountID: account.id))
            }
            #expect(deleted.reason == "REFERENCE_NOT_FOUND")
            // What refers to it already can still be changed.
            try await service.update(Activity(id: made.id, outcome: "done"))
        }
    }

    @Test func recordsOfOtherServicesAreAskedFor() async throws {
        try await TestService.run(SampleService.definition) { service in
            let deal = RecordID.make()
            let missing = try await denial {
                try await service.create(Activity(kind: .call, subject: "x", dealID: deal.text))
            }
            #expect(missing.reason == "REFERENCE_NOT_FOUND")
            service.foreign.make("deal", deal)
            try await service.create(Activity(kind: .call, subject: "x", dealID: deal.text))
            service.foreign.isDown.withLock { $0 = true }
            let down = try await denial {
                try await service.create(Activity(kind: .call, subject: "y", dealID: deal.text))
            }
            #expect(down.code == .unavailable && down.reason == "REFERENCE_CHECK_UNAVAILABLE")
            #expect(down.retryDelay != nil)
            #expect(try await service.number("SELECT count(*) FROM {schema}.activities") == 1)
        }
    }

    @Test func otherServicesMayAsk() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let account = try await service.create(Account(displayName: "a"))
            let id = try #require(account.id.flatMap { RecordID($0) })
            let references = [
                RecordReference(object: "account", id: .make()), RecordReference(object: "account", id: id),
                RecordReference(object: "deal", id: id), RecordReference(object: "contact", id: id),
            ]
            let method = AccountServiceMethods.getAccount
            let mine = try await service.engine.checkReferences(
                service.context(method, as: people.admin), references)
            #expect(mine == [false, true, false, false])
            let theirs = try await service.engine.checkReferences(
                service.context(method, as: people.rep), references)
            #expect(theirs == [false, false, false, false])
        }
    }

    @Test func rulesFillAndSeeWhatIsCommitted() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Activity(kind: .note), requestID: "h")
            #expect(made.subject == "From the rule")
            try await service.create(Activity(kind: .note), requestID: "h")
            let id = try #require(made.id)
            #expect(SampleService.committed.withLock { $0.filter { $0 == id }.count } == 1)
        }
    }
}
