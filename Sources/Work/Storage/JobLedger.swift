import Records
import Tenancy

/// What the ledger says of a job that somebody cancelled, tried again or had run: who did it is in the row. Its rows have an object that is no
/// kind of record, so they are in no record's history, and nobody who reads the feed takes them for a change of a record.
enum JobLedger {
    static let object = "job"

    /// - Parameters:
    ///   - before: nil for a job that was made for it.
    ///   - operator: who did it, where that was nobody of the workspace.
    static func tell(
        _ after: Job, before: Job?, by operator: UserID? = nil, in transaction: RecordTransaction
    ) throws {
        let changed = members(after, beside: before)
        guard !changed.isEmpty else { return }
        // Names of jobs and states hold nothing that must be escaped.
        let whose = after.userID.map { "\"\($0)\"" } ?? "null"
        let who = `operator`.map { ",\"operator_id\":\"\($0)\"" } ?? ""
        let head = "\"name\":\"\(after.name)\",\"user_id\":\(whose)\(who)"
        let row = LedgerRow(
            object: object, recordID: after.id,
            // How often it was taken stands in the place of the version: it does not fall.
            version: after.leaseNumber,
            before: before.map { json(members($0, beside: after)) }, after: json([head] + changed))
        let origin = LedgerRow.Origin(time: transaction.now, by: transaction.actor.actor, transaction.context)
        let (statement, parameters) = row.insertion(origin)
        try transaction.enqueue(statement, parameters)
    }

    private static func members(_ job: Job, beside other: Job?) -> [String] {
        var members: [String] = []
        if job.state != other?.state { members.append("\"state\":\"\(job.state.rawValue)\"") }
        if job.dueAt != other?.dueAt { members.append("\"due_time\":\"\(job.dueAt.text)\"") }
        if job.cancelAskedAt != other?.cancelAskedAt {
            members.append("\"cancel_time\":\(job.cancelAskedAt.map { "\"\($0.text)\"" } ?? "null")")
        }
        return members
    }

    private static func json(_ members: [String]) -> [UInt8] { Array("{\(members.joined(separator: ","))}".utf8) }
}
