import AccessControl
import Contracts
import Postgres
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

/// Records whose time after their deletion is over.
extension ConformanceTests {
    /// Those of identity are kept for ever: others name users, departments and roles without a foreign key.
    @Test(arguments: Subject.all.filter { $0.service != "identity" })
    func whatWasDeletedLongAgoGoesAndNothingElse(_ subject: Subject) async throws {
        try await subject.run { bench in
            let service = bench.service
            service.set(WorkspaceSettings(deletedRecordsKeptDays: 30))
            let purging = Purging(service)
            let (old, restored, late) = try await (bench.specimen(1), bench.specimen(2), bench.specimen(3))
            let living = try await bench.specimen(4)
            for record in [old, restored] { try await bench.delete(record.named("id")) }
            try await bench.restore(restored.named("id"))
            try await purging.age()
            try await bench.delete(late.named("id"))
            let before = try await bench.tally()[0]
            let job = try await purging.night(after: 31)
            #expect(job.state == .done && job.purged(subject.entry.object) == 1, "\(job)")
            #expect(job.kept(subject.entry.object) == ["RECORD_TOO_NEW": 1])
            #expect(try await bench.tally()[0] == before - 1)
            for record in [restored, living] {
                #expect(try await bench.get(record.named("id")).named("id") == record.named("id"))
            }
            try await bench.restore(late.named("id"))
            try await expect("RECORD_NOT_FOUND") { try await bench.restore(old.named("id")) }
            try await expect("RECORD_NOT_FOUND") {
                _ = try await service.call(bench.methods.listChanges) { $0.set("id", old.named("id")) }
            }
            try await expect("ID_TAKEN") { try await bench.create(old) }
            // Nothing that it held is left in its past.
            let rows = try await service.sql(
                """
                SELECT coalesce(before::text, '') || after::text FROM {schema}.ledger
                WHERE object = '\(subject.entry.object)' AND record_id = '\(old.named("id"))'
                """)
            #expect(rows.count == 3)
            let past = try rows.map { try $0.string(0) }.joined()
            for field in bench.freeFields() { #expect(!past.contains(Bench.canary(field, 1)), "\(field.name)") }
        }
    }

    /// Whatever the service asks for: the database lets nothing go before 30 days of its own are over, nothing that was restored, and
    /// nothing that only its row calls deleted; nor do the values in its past.
    @Test(arguments: Subject.all.filter { $0.service != "identity" })
    func theDatabaseLetsGoOfNothingEarlier(_ subject: Subject) async throws {
        try await subject.run { bench in
            let (old, restored, living) = try await (bench.specimen(1), bench.specimen(2), bench.specimen(3))
            for record in [old, restored] { try await bench.delete(record.named("id")) }
            try await bench.restore(restored.named("id"))
            try await bench.service.sql(
                """
                UPDATE {schema}.\(bench.type.table) SET deleted_at = now() - interval '9 years'
                WHERE id IN ('\(restored.named("id"))', '\(living.named("id"))')
                """)
            for (age, isTold, expected) in [
                ("29 days 23 hours", false, []), ("30 days", true, []), ("30 days", false, [old.named("id")]),
            ] {
                try await bench.mark(age, isTold: isTold)
                try await bench.service.sql(
                    "UPDATE {schema}.purgeable_records SET is_forgotten = true WHERE object = '\(bench.type.object)'")
                let removed = try await bench.service.sql(
                    "DELETE FROM {schema}.purgeable_\(bench.type.table) RETURNING id")
                #expect(try removed.map { try $0.id(0).text } == expected, "\(age)")
                let forgotten = try await bench.service.sql(
                    """
                    SELECT DISTINCT record_id FROM {schema}.ledger
                    WHERE object = '\(bench.type.object)' AND after = '{}'
                    """)
                #expect(try forgotten.map { try $0.id(0).text } == expected, "\(age)")
            }
        }
    }

    /// The time of a mark is that of its number, however long its transaction has been open.
    @Test func aMarkIsNoOlderThanItsNumber() async throws {
        let subject = try #require(Subject.all.first { $0.service != "identity" })
        try await subject.run { bench in
            let rows = try await bench.service.sql(
                """
                WITH late AS MATERIALIZED (SELECT pg_sleep(0.3)), made AS (
                    INSERT INTO {schema}.ledger_marks (night) SELECT '2020-01-01' FROM late RETURNING marked_at)
                SELECT marked_at >= now() + interval '0.3 s' FROM made
                """)
            #expect(try rows.one().bool(0))
        }
    }

    @Test(arguments: Subject.all.filter { $0.service != "identity" })
    func noServiceSaysWhatIsOld(_ subject: Subject) async throws {
        try await subject.run { bench in
            for change in [
                "INSERT INTO {schema}.ledger_marks (night, marked_at) VALUES ('2020-01-01', '2020-01-01')",
                "INSERT INTO {schema}.ledger_marks (night, position) VALUES ('2020-01-01', 1000)",
                "UPDATE {schema}.ledger_marks SET marked_at = '2020-01-01'",
                "UPDATE {schema}.ledger SET after = '{}'",
                "DELETE FROM {schema}.ledger",
                "DELETE FROM {schema}.\(bench.type.table)",
            ] {
                let error = await #expect(throws: PostgresError.self) { try await bench.service.sql(change) }
                #expect(error?.kind == .insufficientPrivilege, "\(change): \(error as Any)")
            }
        }
    }
}

extension Bench {
    /// To the database all that was written so far is as old as this, and the feed tells of it, or no more.
    fileprivate func mark(_ age: String, isTold: Bool) async throws {
        let schema = service.tenant.schema(service.definition.name).name
        let last = "(SELECT max(position) FROM \(schema).ledger)"
        _ = try await service.postgres.rows(
            "UPDATE \(schema).ledger_marks SET position = \(last), marked_at = now() - interval '\(age)'")
        _ = try await service.postgres.rows("UPDATE \(schema).meta SET feed_floor = \(isTold ? "0" : last)")
    }
}
