package import Postgres
package import RPC
package import Tenancy
import Wire

/// A row of a workspace's ledger: who changed which record by what call, from what to what. The only writer of that table: the engine
/// writes one for each change, identity one for what it changes beside records.
package struct LedgerRow: Sendable {
    package let object: String
    package let recordID: RecordID
    /// The record's version after the change.
    package let version: Int64
    /// The changed fields as they were, a JSON object; nil for a new record.
    package let before: [UInt8]?
    /// The changed fields as they are.
    package let after: [UInt8]

    package init(object: String, recordID: RecordID, version: Int64, before: [UInt8]?, after: [UInt8]) {
        self.object = object
        self.recordID = recordID
        self.version = version
        self.before = before
        self.after = after
    }

    /// What all rows of a call share.
    package struct Origin: Sendable {
        let time: Timestamp
        let actor: Actor
        let method: String
        let requestID: String?
        let traceID: String?

        package init(time: Timestamp, by actor: Actor, _ context: CallContext) {
            self.time = time
            self.actor = actor
            method = context.method.path
            requestID = context.requestID
            traceID = context.trace.traceIDText
        }

        /// Of what a program does by itself, as this method would do it.
        package init(time: Timestamp, by actor: Actor, as method: MethodDefinition) {
            self.time = time
            self.actor = actor
            self.method = method.path
            requestID = nil
            traceID = nil
        }
    }

    /// The INSERT of one row.
    package func insertion(_ origin: Origin) -> (Statement, Parameters) {
        var parameters = Parameters(reservingBytes: 512 + after.count + (before?.count ?? 0), values: 13)
        LedgerRow.bind(origin, object, to: &parameters)
        parameters.append(RecordID.make())
        parameters.append(recordID)
        parameters.append(version)
        if let before {
            before.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        } else {
            parameters.appendNull(.jsonb)
        }
        after.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        return (LedgerRow.one, parameters)
    }

    /// The INSERT of many rows of one object. `rows`: a JSON array of objects with the members id, record_id and after; only
    /// creations come in numbers, so before is null and the version 1.
    static func insertion(_ origin: Origin, _ object: String, rows: [UInt8]) -> (Statement, Parameters) {
        var parameters = Parameters(reservingBytes: 256 + rows.count)
        bind(origin, object, to: &parameters)
        rows.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        return (many, parameters)
    }

    /// The INSERT of the rows that tell that deleted records of one object were removed for good, and nothing of what they held.
    static func purge(
        _ origin: Origin, _ object: String, _ records: [(id: RecordID, version: Int64)]
    ) -> (Statement, Parameters) {
        var parameters = Parameters(reservingBytes: 256 + 40 * records.count)
        bind(origin, object, to: &parameters)
        parameters.append(records.map { _ in RecordID.make() })
        parameters.append(records.map(\.id))
        parameters.append(records.map(\.version))
        return (purges, parameters)
    }

    /// $1 to $8.
    private static func bind(_ origin: Origin, _ object: String, to parameters: inout Parameters) {
        parameters.append(origin.time)
        parameters.append(origin.actor.callerID?.id)
        parameters.append(origin.actor.principalID?.id)
        parameters.append(origin.actor.purpose?.name)
        parameters.append(origin.method)
        parameters.append(origin.requestID)
        parameters.append(origin.traceID)
        parameters.append(object)
    }

    private static let target =
        "INSERT INTO {schema}.ledger (occurred_at, actor_id, on_behalf_of_id, purpose, method, request_id, trace_id, "
        + "object, id, record_id, record_version, before, after) "

    private static let one = Statement(
        unsafeGenerated: target + "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")

    private static let many = Statement(
        unsafeGenerated: target + "SELECT $1, $2, $3, $4, $5, $6, $7, $8, id, record_id, 1, NULL, after "
            + "FROM jsonb_to_recordset($9) AS item (id uuid, record_id uuid, after jsonb)")

    private static let purges = Statement(
        unsafeGenerated: target + "SELECT $1, $2, $3, $4, $5, $6, $7, $8, item.*, '{}', '{}' "
            + "FROM unnest($9::uuid[], $10::uuid[], $11::bigint[]) AS item (id, record_id, record_version)")
}

// An actor in the ledger's columns.
extension Actor {
    /// actor_id: the user who called; nil for a program.
    fileprivate var callerID: UserID? { if case .user(let user) = self { user } else { nil } }

    /// on_behalf_of_id: for whom a program wrote; nil for the workspace itself.
    fileprivate var principalID: UserID? { if case .program(_, let user) = self { user } else { nil } }

    fileprivate var purpose: Purpose? { if case .program(let purpose, _) = self { purpose } else { nil } }
}

extension LedgerRow {
    /// The row of a change: the values of the changed fields before and after.
    init(_ change: RecordChange, fields: [RecordField]) {
        self.init(change.type, change.recordID, before: change.before, after: change.after, fields: fields)
    }

    /// The row of a record that nobody's call creates.
    init(creating record: Message, _ id: RecordID, of type: RecordType) {
        self.init(type, id, before: nil, after: record, fields: type.fields.filter { record.has($0.descriptor) })
    }

    private init(_ type: RecordType, _ id: RecordID, before: Message?, after: Message, fields: [RecordField]) {
        let told = fields.filter { $0.role != .version && $0.role != .updateTime }
        self.init(
            object: type.object, recordID: id, version: after.int64(type.standard.version.descriptor),
            before: before.map { LedgerRow.json(told, of: $0) }, after: LedgerRow.json(told, of: after))
    }

    private static func json(_ fields: [RecordField], of record: Message) -> [UInt8] {
        var writer = JSONWriter()
        writer.write(fields, of: record)
        return writer.bytes
    }
}
