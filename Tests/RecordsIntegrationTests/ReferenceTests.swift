import Contracts
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import Testing

@Suite struct ReferenceTests {
    func create(_ activity: Activity) -> CreateActivityRequest { CreateActivityRequest(activity: activity) }

    @Test func recordsOfTheServiceMustExistLiveAndBeReadable() async throws {
        try await World.run { world in
            let method = ActivityServiceMethods.createActivity
            let account = try await world.create(Account(displayName: "a"))
            let made: CreateActivityResponse = try await world.call(
                method, create(Activity(kind: .call, subject: "x", accountID: account.id)))
            #expect(
                made.activity?.accountID == account.id
                    && made.activity?.occurTime == made.activity?.createTime)
            let unknown = try await world.refusal(
                method, create(Activity(kind: .call, subject: "x", accountID: RecordID.make().text)))
            #expect(unknown.code == .invalidArgument && unknown.reason == "REFERENCE_NOT_FOUND")
            #expect(unknown.fieldViolations.map(\.field) == ["activity.account_id"])
            // The account is the admin's, in the south: the rep of the north may not know of it.
            let hidden = try await world.refusal(
                method, create(Activity(kind: .call, subject: "x", accountID: account.id)),
                as: world.people.rep)
            #expect(hidden.reason == "REFERENCE_NOT_FOUND")
            let _: DeleteAccountResponse = try await world.call(
                AccountServiceMethods.deleteAccount, DeleteAccountRequest(id: account.id))
            let deleted = try await world.refusal(
                method, create(Activity(kind: .call, subject: "x", accountID: account.id)))
            #expect(deleted.reason == "REFERENCE_NOT_FOUND")
            // What refers to it already can still be changed.
            let _: UpdateActivityResponse = try await world.call(
                ActivityServiceMethods.updateActivity,
                UpdateActivityRequest(activity: Activity(id: made.activity?.id, outcome: "done")))
        }
    }

    @Test func recordsOfOtherServicesAreAskedFor() async throws {
        try await World.run { world in
            let method = ActivityServiceMethods.createActivity
            let deal = RecordID.make()
            let missing = try await world.refusal(
                method, create(Activity(kind: .call, subject: "x", dealID: deal.text)))
            #expect(missing.reason == "REFERENCE_NOT_FOUND")
            world.sales.deals.withLock { _ = $0.insert(deal) }
            let _: CreateActivityResponse = try await world.call(
                method, create(Activity(kind: .call, subject: "x", dealID: deal.text)))
            world.sales.isDown.withLock { $0 = true }
            let down = try await world.refusal(
                method, create(Activity(kind: .call, subject: "y", dealID: deal.text)))
            #expect(down.code == .unavailable && down.reason == "REFERENCE_CHECK_UNAVAILABLE")
            #expect(down.retryDelay != nil)
            #expect(try await world.count("SELECT count(*) FROM {schema}.activities") == 1)
        }
    }

    @Test func otherServicesMayAsk() async throws {
        try await World.run { world in
            let account = try await world.create(Account(displayName: "a"))
            let id = try #require(account.id.flatMap { RecordID($0) })
            let references = [
                RecordReference(object: "account", id: .make()), RecordReference(object: "account", id: id),
                RecordReference(object: "deal", id: id), RecordReference(object: "contact", id: id),
            ]
            let method = AccountServiceMethods.getAccount
            let mine = try await world.engine.checkReferences(
                world.context(method, as: world.people.admin), references)
            #expect(mine == [false, true, false, false])
            let theirs = try await world.engine.checkReferences(
                world.context(method, as: world.people.rep), references)
            #expect(theirs == [false, false, false, false])
        }
    }

    @Test func rulesFillAndSeeWhatIsCommitted() async throws {
        try await World.run { world in
            let made: CreateActivityResponse = try await world.call(
                ActivityServiceMethods.createActivity, create(Activity(kind: .note)), requestID: "h")
            #expect(made.activity?.subject == "From the rule")
            let _: CreateActivityResponse = try await world.call(
                ActivityServiceMethods.createActivity, create(Activity(kind: .note)), requestID: "h")
            let id = try #require(made.activity?.id)
            #expect(SampleSchema.committed.withLock { $0.filter { $0 == id }.count } == 1)
        }
    }
}
