import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy
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
}
