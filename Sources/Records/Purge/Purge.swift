import AccessControl
package import Contracts
import Postgres
import RPC
package import Tenancy
import TenantDatabase

/// Removes deleted records for good when the workspace's time for them is over: the row, what belongs to it alone, and the values in its past.
/// That it was there and went, when and by whom, stays in the ledger.
package struct Purge: Sendable {
    /// Records that a step looks at, parts of them aside.
    static let recordsAtOnce: Int64 = 200
    /// Rows that go with them in a step, of the ledger, too. One record goes whole, however many it has.
    static let rowsAtOnce: Int64 = 5_000
    /// How often a night goes through records that name others of their kind.
    static let passesMax = 8

    private let engine: RecordEngine

    package init(_ engine: RecordEngine) { self.engine = engine }

    /// The kinds of records in a workspace.
    private func kinds(in model: TenantModel) -> [PurgeKind] { PurgeKind.ordered(engine.types(in: model)) }

    /// Does a part of a night's work. The time that the workspace has set is looked up in each step: one that was made longer meanwhile holds at
    /// once, a shorter one from the next night on.
    ///
    /// - Parameters:
    ///   - checkpoint: where the step before ended; nil for the first.
    ///   - report: what became of the records so far.
    package func step(
        _ checkpoint: [UInt8]?, _ report: JobReport, at now: Timestamp, in transaction: RecordTransaction
    ) async throws -> MatchingStep {
        var place = checkpoint.flatMap { PurgePlace($0) }
        let kinds = kinds(in: try await transaction.model())
        if place == nil {
            _ = try await transaction.query(PurgeableRecords.mark(now))
            try transaction.enqueue(PurgeableRecords.thinOut, Parameters())
            place = kinds.first.map { PurgePlace(object: $0.type.object, before: now) }
        }
        guard var place, let index = kinds.firstIndex(where: { $0.type.object == place.object })
        else {
            // An object that was deleted in the middle of it: those that come after it are left to the next night.
            return MatchingStep(checkpoint: nil, report: report)
        }
        let call = try await transaction.call(kinds[index].type)
        guard let days = call.policy.settings.deletedRecordsKeptDays
        else { return MatchingStep(checkpoint: nil, report: report) }
        place.before = min(place.before, now.advanced(by: .seconds(-86_400 * days)))
        try call.require(.erase)
        var pass = PurgePass(kind: kinds[index], report: report, transaction: transaction)
        let isOver = try await pass.run(&place)
        guard isOver else { return MatchingStep(checkpoint: place.bytes, report: pass.report) }
        if kinds[index].isTree, place.hasRemoved, Int(place.pass) + 1 < Self.passesMax,
            pass.report.keeps(place.object)
        {
            var again = PurgePlace(object: place.object, before: place.before)
            again.pass = place.pass + 1
            pass.report.lookAgain(place.object)
            return MatchingStep(checkpoint: again.bytes, report: pass.report)
        }
        guard index + 1 < kinds.count else { return MatchingStep(checkpoint: nil, report: pass.report) }
        let next = PurgePlace(object: kinds[index + 1].type.object, before: place.before)
        return MatchingStep(checkpoint: next.bytes, report: pass.report)
    }

    private func settings(of actor: TenantActor) async throws -> AccessControl.WorkspaceSettings {
        try await engine.policies.snapshot(of: actor.tenantID, minEpoch: 0).settings
    }

    /// Most records of a kind that a preview counts.
    package static let countMax: Int64 = 100_000

    /// How many deleted records are older than a time. What is still named by others, and so stays, counts.
    ///
    /// - Parameter days: nil for the time that the workspace has set; without one nothing goes.
    package func preview(_ days: Int64?, as actor: TenantActor, at now: Timestamp, deadline: UInt64) async throws
        -> [PurgeCount]
    {
        let days = if let days { Int64?.some(days) } else { try await settings(of: actor).deletedRecordsKeptDays }
        var counts: [PurgeCount] = []
        let model = try await engine.policies.snapshot(of: actor.tenantID, minEpoch: 0).model
        for kind in kinds(in: model) {
            var count: Int64 = 0
            if let days {
                var parameters = Parameters()
                parameters.append(now.advanced(by: .seconds(-86_400 * days)))
                parameters.append(Self.countMax + 1)
                let rows = try await engine.database.read(actor, deadline: deadline, kind.table.counting, parameters)
                count = try rows.one().int64(0)
            }
            counts.append(
                PurgeCount(
                    object: kind.type.object, count: min(count, Self.countMax),
                    capped: count > Self.countMax ? true : nil))
        }
        return counts.sorted { ($0.object ?? "") < ($1.object ?? "") }
    }
}
