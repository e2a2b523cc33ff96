import Postgres
import RPC
import Tenancy
import Wire

/// Makes the statements that store a change: the record and its ledger row.
struct WriteStatements {
    let engine: RecordEngine

    /// One INSERT with every column.
    func insert(_ change: RecordChange) -> (Statement, Parameters) {
        let type = change.type
        var parameters = Parameters(reservingBytes: 512)
        for field in type.fields { field.bind(change.after, to: &parameters) }
        let places = (1...type.columnCount).map { "$\($0)" }.joined(separator: ", ")
        let text = "INSERT INTO \(type.qualifiedTable) (\(type.columnList)) VALUES (\(places))"
        return (engine.statement(text), parameters)
    }

    /// An UPDATE of the changed columns, version and update time included. The row is locked, so its id suffices.
    func update(_ change: RecordChange, fields: [RecordField]) -> (Statement, Parameters) {
        let type = change.type
        var parameters = Parameters(reservingBytes: 256)
        parameters.append(change.recordID)
        var assignments: [String] = []
        var place = 2
        for field in fields {
            field.bind(change.after, to: &parameters)
            for column in field.columns {
                assignments.append("\(column) = $\(place)")
                place += 1
            }
        }
        let text =
            "UPDATE \(type.qualifiedTable) SET \(assignments.joined(separator: ", ")) "
            + "WHERE \(type.standard.id.column) = $1"
        return (engine.statement(text), parameters)
    }

    /// The ledger row of a change: the values of the changed fields before and after.
    func ledger(_ change: RecordChange, fields: [RecordField]) -> (Statement, Parameters) {
        let type = change.type
        let told = fields.filter { $0.role != .version && $0.role != .updateTime }
        var parameters = Parameters(reservingBytes: 512)
        parameters.append(RecordID.make())
        parameters.append(change.call.now)
        parameters.append(change.caller.userID.id)
        parameters.append(change.context.method.path)
        parameters.append(type.object)
        parameters.append(change.recordID)
        parameters.append(change.after.int64(type.standard.version.descriptor))
        if let before = change.before {
            parameters.append(json: told, of: before)
        } else {
            parameters.appendNull(.jsonb)
        }
        parameters.append(json: told, of: change.after)
        parameters.append(change.context.requestID)
        parameters.append(change.context.trace.traceIDText)
        return (WriteStatements.ledger, parameters)
    }

    private static let ledger = Statement(
        """
        INSERT INTO {schema}.ledger (id, occurred_at, actor_id, on_behalf_of_id, method, object, record_id, \
        record_version, before, after, request_id, trace_id) \
        VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10, $11)
        """)
}

extension Parameters {
    /// Binds the fields of a record as one jsonb object.
    fileprivate mutating func append(json fields: [RecordField], of record: Message) {
        var writer = JSONWriter()
        writer.write(fields, of: record)
        writer.bytes.withUnsafeBytes { appendJSON(utf8: $0) }
    }
}
