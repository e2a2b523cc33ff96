import Contracts
import CustomerContracts
import Postgres
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records
@testable import Work

/// What jobs, and those who look at them, cost others, however many there are.
@Suite struct JobBoundsTests {
    private func plan(_ query: (Statement, Parameters), _ service: TestService) async throws -> String {
        let text = query.0.text(for: service.tenant.schema(service.definition.name))
        let rows = try await service.sql("EXPLAIN (ANALYZE, TIMING OFF) " + text, query.1)
        return try rows.map { try $0.string(0) }.joined(separator: "\n")
    }

    @Test func theJobsOfAUserAreFoundAmongThoseOfAll() async throws {
        try await Jobs.run { jobs in
            let service = jobs.service
            let schema = service.tenant.schema(service.definition.name).name
            try await service.sql(
                """
                INSERT INTO {schema}.jobs (id, name, on_behalf_of_id, state, due_at, attempts, lease_number, progress_done,
                    created_at, ended_at)
                SELECT gen_random_uuid(), 'count', CASE WHEN n % 3 > 0 THEN gen_random_uuid() END,
                    CASE WHEN n % 2 = 0 THEN 'done' ELSE 'waiting' END, now(), 0, 0, 0, now(),
                    CASE WHEN n % 2 = 0 THEN now() END
                FROM generate_series(1, 100000) AS n
                """)
            let user = UserID(.make())
            for _ in 0..<3 { try await jobs.make(for: user) }
            _ = try await service.postgres.rows("ANALYZE \(schema).jobs")
            let list = JobStatements.list(before: nil, name: nil, isOpen: false, of: user, countMax: 50)
            let old = JobStatements.remove(endedBefore: jobs.now, countMax: 1_000)
            for query in [JobStatements.countOpen(of: user, at: jobs.now), list, old] {
                let plan = try await plan((query.statement, query.parameters), service)
                #expect(!plan.contains("Seq Scan") && !plan.contains("Rows Removed by Filter: 1"), "\(plan)")
            }
            #expect(try await service.sql("SELECT 1 FROM {schema}.jobs").count == 100_003)
        }
    }

    /// One user's many jobs let another's in, and those of the workspace itself, however long they have been due.
    @Test func eachUserHasATurn() async throws {
        try await Jobs.run { jobs in
            let (many, other) = (UserID(.make()), UserID(.make()))
            for second in 0..<50 { try await jobs.make(for: many, after: .seconds(second)) }
            jobs.advance(.seconds(60))
            let (his, own) = try await (jobs.make(for: other), jobs.make())
            let runner = try jobs.runner(jobs.counting(1))
            let taken = await runner.look(at: jobs.tenant, countMax: 3).taken
            #expect(Set(taken.map(\.userID)) == [many, other, nil])
            #expect(taken.map(\.lease.jobID).contains(his) && taken.map(\.lease.jobID).contains(own))
            let next = await runner.look(at: jobs.tenant, countMax: 3).taken
            #expect(next.map(\.userID) == [many, many, many])
        }
    }

    /// An edit is merged over 256 versions; how many more there were is not looked at.
    @Test func whatWasChangedOftenSinceIsNotReadWhole() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let account = try await service.create(Account(displayName: "a", city: "Berlin"))
            let start = Timestamp.now()
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                SELECT gen_random_uuid(), now() + interval '1 hour', 'm', 'account', '\(account.id ?? "")', v,
                    '{"phone": "1"}', '{"phone": "2"}' FROM generate_series(2, 20000) AS v
                """)
            try await service.sql(
                "UPDATE {schema}.accounts SET version = 20000, updated_at = now() + interval '1 hour'")
            var parameters = Parameters()
            parameters.append("account")
            parameters.append([try #require(RecordID(account.id ?? ""))])
            parameters.append(start)
            parameters.append([20_000 - EditMerge.versionsMax])
            let plan = try await plan((MatchingPass.bases, parameters), service)
            #expect(plan.contains("ledger_record_idx"), "\(plan)")
            let counts = plan.matches(of: /actual rows=(\d+)/).compactMap { Int($0.1) }
            #expect(counts.max() ?? .max <= 257 && !plan.contains("Rows Removed"), "\(plan)")
            // The edit is of a field that nobody changed, and too old to know that.
            let answer = try await matching.update("id is set", Account(city: "Bonn"))
            try await service.sql("UPDATE {schema}.accounts SET updated_at = now() + interval '2 hours'")
            await matching.settle()
            let report = try await matching.job(answer.jobID).report
            #expect(
                report?.changedCount == nil && report?.issues.map(\.reason) == ["VERSION_CONFLICT"], "\(report as Any)")
        }
    }

    /// A job that goes on takes records by id; so does an undo, though it takes the last change back first.
    @Test func anUndoTakesRecordsInTheOrderOfTheirIDs() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let ids = try await matching.makeAccounts(2).compactMap(\.id).sorted()
            let done = try await matching.update("id is set", Account(city: "Bonn"))
            await matching.settle()
            let undo = try await matching.undo(done.jobID)
            let schema = service.tenant.schema(service.definition.name).name
            let settled = try await service.postgres.holding(
                "SELECT FROM \(schema).accounts WHERE id = '\(ids[0])' FOR UPDATE"
            ) {
                let settled = service.postgres.start { await matching.settle() }
                #expect(try await service.postgres.waitsForLock("accounts"))
                // Free: whoever has the first one and wants this one, too, gets it.
                _ = try await service.postgres.rows(
                    "SELECT 1 FROM \(schema).accounts WHERE id = '\(ids[1])' FOR UPDATE NOWAIT")
                return settled
            }
            try await settled.value
            #expect(try await matching.job(undo.id).report?.changedCount == 2)
            #expect(try await matching.cities() == ["Berlin": 2])
        }
    }

    @Test func aUserWatchesSoManyJobsAtATime() async throws {
        try await Jobs.run { jobs in
            let user = jobs.service.makeUser([])
            let (id, other) = try await (jobs.make(for: user), jobs.make())
            let methods = JobServiceOf(package: "steward.customer.v1")
            func watch(_ id: RecordID, as user: UserID?) async throws -> ResponseStream<WatchJobResponse>.AsyncIterator
            {
                let stream: ResponseStream<WatchJobResponse> = try await jobs.service.channel(as: user).serverStream(
                    methods.watchJob, WatchJobRequest(id: id.text), CallOptions())
                let responses = stream.makeAsyncIterator()
                _ = try await responses.next()
                return responses
            }
            var watches: [ResponseStream<WatchJobResponse>.AsyncIterator] = []
            for _ in 0..<WatchLimits().ofUserMax { watches.append(try await watch(id, as: user)) }
            #expect(try await refusal { try await watch(id, as: user) }?.reason == "WATCHES_TOO_MANY")
            _ = try await watch(other, as: nil)
            // Each ends with its job, and gives its place back.
            #expect(try await jobs.cancel(id))
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            for index in watches.indices { while try await watches[index].next() != nil {} }
            _ = try await watch(id, as: user)
        }
    }

    /// A job is due from the moment that it was made: also for a transaction that began before that moment, and had its turn after it.
    @Test(arguments: [Duration.zero, .seconds(60)]) func aJobThatIsMadeMeanwhileIsOpen(_ wait: Duration) async throws {
        try await Jobs.run { jobs in
            let user = UserID(.make())
            let refusal = try await refusal {
                try await jobs.transaction { transaction in
                    let later = transaction.now.advanced(by: .seconds(1))
                    for _ in 0..<JobTable.openMax {
                        let job = NewJob("count", userID: user, dueAt: later.advanced(by: wait))
                        _ = try await JobTable.insert(job, at: later, transaction)
                    }
                    try await JobTable.requireRoom(for: user, transaction)
                }
            }
            #expect(refusal?.reason == (wait == .zero ? "JOBS_TOO_MANY" : nil))
        }
    }
}
