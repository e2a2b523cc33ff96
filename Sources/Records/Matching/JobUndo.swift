import AccessControl
package import Contracts
import Postgres
import RPC
package import Tenancy
import Wire

/// Takes back what a job changed: its ledger rows bear its id as their request id. The last change is taken back first; each as by
/// Undo of one change, so that what others made of a record since stays.
package struct JobUndo: Sendable {
    /// Changes that one step takes back.
    static let rowsAtOnce = 100

    private let engine: RecordEngine

    package init(_ engine: RecordEngine) { self.engine = engine }

    /// What the first step of an undo gets.
    package static func checkpoint(of job: RecordID) -> [UInt8] {
        Contracts.UndoCheckpoint(jobID: job.bytes).encoded()
    }

    /// The job that is taken back.
    package static func summary(_ checkpoint: [UInt8]) throws -> String? {
        try Contracts.UndoCheckpoint(decoding: checkpoint).jobID.flatMap { RecordID(bytes: $0) }
            .map { "undo of job \($0.text)" }
    }

    package func step(
        _ checkpoint: [UInt8], _ report: JobReport, in transaction: RecordTransaction
    ) async throws -> MatchingStep {
        var place = try Contracts.UndoCheckpoint(decoding: checkpoint)
        guard let job = place.jobID.flatMap({ RecordID(bytes: $0) }) else {
            throw RecordErrors.invalid(.idInvalid, "The undo of a job names none.")
        }
        var parameters = Parameters()
        parameters.append(job.text)
        parameters.append(place.position ?? Int64.max)
        parameters.append(Int64(Self.rowsAtOnce))
        let rows = try await transaction.query(Self.changes, parameters)
        try await lock(rows, transaction)
        var report = report
        for row in rows {
            report.add(try await takeBack(row, transaction))
            place.position = try row.int64(5)
        }
        return MatchingStep(checkpoint: rows.isEmpty ? nil : place.encoded(), report: report)
    }

    /// Holds the records before the last change comes first: in the order in which every job and batch takes them, so that none waits for
    /// another that waits for it.
    private func lock(_ rows: Rows, _ transaction: RecordTransaction) async throws {
        let changed = try rows.map { (object: try $0.string(0), id: try $0.id(1)) }
        for (object, records) in Dictionary(grouping: changed, by: \.object).sorted(by: { $0.key < $1.key }) {
            guard let type = try await transaction.type(object) else { continue }
            var parameters = Parameters()
            parameters.append(Set(records.map(\.id)).sorted())
            let id = type.standard.id.column
            let text = "SELECT 1 FROM \(type.source) WHERE \(id) = ANY ($1) ORDER BY \(id) FOR UPDATE"
            _ = try await transaction.query(engine.statement(text), parameters)
        }
    }

    private func takeBack(_ row: Row, _ transaction: RecordTransaction) async throws -> MatchingItem {
        let (object, id) = (try row.string(0), try row.id(1))
        guard let type = try await transaction.type(object) else {
            let issue = RecordIssue(
                object: object, recordID: id.text, reason: RecordReason.changeNotUndoable.rawValue,
                message: "This program does not know the kind of record.")
            return MatchingItem(id: id, record: nil, isChanged: false, issue: issue)
        }
        let call = try await transaction.call(type)
        do {
            let change = try PastChange(
                of: id, version: row.int64(2), before: row.isNull(3) ? nil : row.json(3), after: row.json(4), call)
            let intent = try change.reversal(call)
            let grant = change.movesRecord ? Action.reassign : .massUpdate
            try call.require(grant)
            if case .edit(let edit) = intent.kind { transaction.assume(edit.remoteReferences(type)) }
            let preparation = ChangePreparation(engine: engine, call: call, path: "")
            let (record, isChanged) = try await transaction.alone {
                let count = transaction.changes.count
                let loaded = try await transaction.load(
                    type, id: id.text, for: intent.action, lifetime: intent.lifetime)
                try loaded.requireWithin(call.predicate(grant), grant)
                let record = try await transaction.write(
                    intent.change(of: loaded, preparation, in: transaction), preparation)
                return (record, transaction.changes.count > count)
            }
            return MatchingItem(id: id, record: record, isChanged: isChanged, issue: nil)
        } catch let refusal as RPCError {
            // It is as it was: a rule of another change has brought it back.
            if refusal.reason == RecordReason.recordNotDeleted.rawValue {
                return MatchingItem(id: id, record: nil, isChanged: false, issue: nil)
            }
            return MatchingItem(id: id, record: nil, isChanged: false, issue: RecordIssue(id, type, refusal))
        } catch let error as PostgresError where error.isConstraintViolation {
            let refusal = RPCError(
                masking: await engine.translate(
                    error, type, "", transaction.context, as: transaction.actor, knowing: call.policy))
            return MatchingItem(id: id, record: nil, isChanged: false, issue: RecordIssue(id, type, refusal))
        }
    }

    private static let changes = Statement(
        """
        SELECT object, record_id, record_version, before, after, position FROM {schema}.ledger
        WHERE request_id = $1 AND purpose IS NOT NULL AND position < $2 AND position > 0 ORDER BY position DESC LIMIT $3
        """)
}
