import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// How a purge goes: in steps that are bounded, each whole, and for who may set its time to look at.
@Suite struct PurgeTests {
    private func run(
        days: Int64? = 30, _ body: @escaping @Sendable (TestService, Purging) async throws -> Void
    ) async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(WorkspaceSettings(deletedRecordsKeptDays: days))
            try await body(service, Purging(service))
        }
    }

    /// Deleted accounts with their past, as many as the engine would make them in a long time.
    private func fill(_ count: Int, versions: Int = 2, _ service: TestService) async throws {
        try await service.sql(
            """
            WITH made AS (
                INSERT INTO {schema}.accounts (id, version, created_at, updated_at, deleted_at, owner_id, display_name)
                SELECT gen_random_uuid(), \(versions), now(), now(), now(), gen_random_uuid(), 'kiwi' || n
                FROM generate_series(1, \(count)) AS n RETURNING id, deleted_at
            )
            INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
            SELECT gen_random_uuid(), now(), 'm', 'account', made.id, v,
                CASE WHEN v > 1 THEN '{}'::jsonb END,
                CASE WHEN v = \(versions) THEN jsonb_build_object('delete_time', deleted_at)
                    ELSE '{"display_name": "kiwi"}' END
            FROM made, generate_series(1, \(versions)) AS v ORDER BY made.id, v
            """)
    }

    private func step(
        _ checkpoint: [UInt8]?, _ service: TestService, days: Int64 = 31, failing: Bool = false
    ) async throws -> MatchingStep {
        let program = TenantActor(service.tenant.id, purpose: .purgeDeleted, onBehalfOf: nil)
        return try await service.engine.transaction(
            as: program, doing: JobServiceOf(package: "steward.customer.v1").runJob, deadline: .after(.seconds(60)),
            requestID: "job", logger: service.postgres.logger
        ) { transaction in
            let now = Timestamp.now().advanced(by: .seconds(86_400 * days))
            let step = try await Purge(service.engine).step(checkpoint, JobReport(), at: now, in: transaction)
            if failing { throw RPCError.unavailable("CUT_OFF", "cut off") }
            return step
        }
    }

    private func left(_ service: TestService) async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.accounts")
    }

    private func purges(_ service: TestService) async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.ledger WHERE purpose = 'purge_deleted'")
    }

    @Test func tenThousandGoInBoundedStepsEachOnce() async throws {
        try await run { service, purging in
            try await fill(10_000, service)
            try await purging.age()
            var (checkpoint, before, steps) = ([UInt8]?.none, Int64(10_000), 0)
            repeat {
                // Some steps are cut off before they are done. What one of these still holds for a moment is passed over until the next night.
                let (here, cut) = (checkpoint, steps % 10 == 0)
                if cut { _ = try await refusal { try await step(here, service, failing: true) } }
                #expect(try await left(service) == before)
                checkpoint = try await step(checkpoint, service).checkpoint
                let now = try await left(service)
                #expect(before - now <= 200)
                (before, steps) = (now, steps + 1)
            } while checkpoint != nil || before > 0 && steps < 200
            #expect(before == 0 && steps >= 50)
            #expect(try await purges(service) == 10_000)
            let values = try await service.number("SELECT count(*) FROM {schema}.ledger WHERE after ? 'display_name'")
            #expect(values == 0)
        }
    }

    /// One record with a long past goes alone, and whole.
    @Test func aRecordWithALongPastGoesInAStepOfItsOwn() async throws {
        try await run { service, purging in
            try await fill(1, versions: 20_000, service)
            try await fill(3, service)
            try await purging.age()
            var checkpoint: [UInt8]?
            var counts: [Int64] = []
            repeat {
                checkpoint = try await step(checkpoint, service).checkpoint
                counts.append(try await left(service))
            } while checkpoint != nil
            #expect(counts.contains(3) && counts.last == 0)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger WHERE after ? 'display_name'") == 0)
        }
    }

    @Test func anotherWorkspaceIsNotTouched() async throws {
        try await run { service, purging in
            try await fill(5, service)
            try await purging.age()
            try await run { other, others in
                try await fill(5, other)
                try await others.age()
                #expect(try await purging.night(after: 31).purged("account") == 5)
                #expect(try await left(other) == 5)
                #expect(try await purges(other) == 0)
            }
        }
    }

    /// The time that is set when a step begins counts if it is longer, the one of the night's beginning if that is.
    @Test func aTimeThatIsMadeLongerHoldsAtOnceAndAShorterOneFromTheNextNightOn() async throws {
        try await run(days: 40) { service, purging in
            try await fill(300, service)
            try await purging.age()
            let first = try await step(nil, service, days: 41)
            service.set(WorkspaceSettings(deletedRecordsKeptDays: 50))
            var checkpoint = first.checkpoint
            let begun = try await left(service)
            while checkpoint != nil { checkpoint = try await step(checkpoint, service, days: 41).checkpoint }
            #expect(try await left(service) == begun && begun > 0)
            let long = try await step(nil, service, days: 41)
            service.set(WorkspaceSettings(deletedRecordsKeptDays: 30))
            checkpoint = long.checkpoint
            while checkpoint != nil { checkpoint = try await step(checkpoint, service, days: 41).checkpoint }
            #expect(try await left(service) == begun)
            #expect(try await purging.night(after: 41).purged("account") == begun)
        }
    }

    /// A restoration that holds the record first wins whole; one that comes later finds nothing.
    @Test func aRestorationAtTheSameTimeWinsWholeOrFindsNothing() async throws {
        try await run { service, purging in
            for round in 0..<8 {
                let account = try await service.create(Account(displayName: "a\(round)"))
                try await service.delete(account)
                try await purging.age()
                async let restored = refusal { try await service.restore(account) }
                async let stepped = night(service)
                let (refused, _) = try await (restored, stepped)
                let rows = try await service.number(
                    "SELECT count(*) FROM {schema}.accounts WHERE id = '\(account.id ?? "")' AND deleted_at IS NULL")
                let told = try await service.number(
                    "SELECT count(*) FROM {schema}.ledger WHERE record_id = '\(account.id ?? "")' AND after ? 'display_name'"
                )
                #expect(rows == (refused == nil ? 1 : 0) && told == rows)
                #expect(refused == nil || refused?.reason == "RECORD_NOT_FOUND", "\(refused as Any)")
            }
        }
    }

    private func night(_ service: TestService) async throws {
        var checkpoint: [UInt8]?
        repeat { checkpoint = try await step(checkpoint, service).checkpoint } while checkpoint != nil
    }

    @Test func aPreviewCountsAndIsForWhoMaySetTheTime() async throws {
        try await run { service, purging in
            try await fill(7, service)
            let contact = try await service.create(Contact(familyName: "c"))
            try await service.delete(contact)
            try await service.sql("UPDATE {schema}.accounts SET deleted_at = now() - interval '40 days'")
            let methods = JobServiceOf(package: "steward.customer.v1")
            func preview(_ days: Int64?, as user: UserID? = nil) async throws -> [String] {
                let answer: PreviewPurgeResponse = try await service.channel(as: user).call(
                    methods.previewPurge, PreviewPurgeRequest(keptDays: days), CallOptions())
                return answer.counts.map { "\($0.object ?? "") \($0.count ?? -1)" }
            }
            #expect(try await preview(30) == ["account 7", "activity 0", "contact 0"])
            #expect(try await preview(nil) == ["account 7", "activity 0", "contact 0"])
            #expect(try await preview(41) == ["account 0", "activity 0", "contact 0"])
            service.set(WorkspaceSettings())
            #expect(try await preview(nil) == ["account 0", "activity 0", "contact 0"])
            for days: Int64 in [-1, 0, 29, 3_651, .max, .min] {
                #expect(try await refusal { try await preview(days) }?.reason == "OUT_OF_RANGE")
            }
            let keeper = service.makeUser([("settings", "update", .all), ("*", "erase", .all)])
            let other = service.makeUser([("settings", "update", .all), ("account", "erase", .all)])
            let clerk = service.makeUser([("account", "*", .all), ("job", "read", .all), ("settings", "update", .own)])
            #expect(try await preview(30, as: keeper).count == 3)
            for user in [clerk, other] {
                #expect(try await refusal { try await preview(30, as: user) }?.reason == "PERMISSION_MISSING")
            }
            let run = try await refusal {
                let _: RunJobResponse = try await service.channel(as: keeper).call(
                    methods.runJob, RunJobRequest(name: "purge_deleted"), CallOptions())
            }
            #expect(run?.reason == "PERMISSION_MISSING")
        }
    }
}
