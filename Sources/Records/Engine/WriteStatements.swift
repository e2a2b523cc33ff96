import Postgres
import Wire

/// Makes the statements that store a record.
struct WriteStatements {
    let engine: RecordEngine

    /// One INSERT with every column.
    ///
    /// - Parameter isIDFree: nobody had the id before, so that it is not looked for.
    static func insert(_ record: Message, of type: RecordType, isIDFree: Bool = true) -> (Statement, Parameters) {
        var parameters = Parameters(reservingBytes: 1024, values: type.columnCount)
        for field in type.fields where !field.isCustom {
            if field.role == .customFields {
                bindCustom(type.customFields.filter { record.has($0.descriptor) }, of: record, to: &parameters)
            } else {
                field.bind(record, to: &parameters)
            }
        }
        return (isIDFree ? type.insertion : type.insertionOfChosenID, parameters)
    }

    /// Values of custom fields as an object; NULL for none. Fields that are not set are null in it.
    private static func bindCustom(_ fields: [RecordField], of record: Message, to parameters: inout Parameters) {
        guard !fields.isEmpty else { return parameters.appendNull(.jsonb) }
        var writer = JSONWriter()
        writer.write(fields, of: record)
        writer.bytes.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
    }

    /// An UPDATE of the changed columns, version and update time included. The row is locked, so its id suffices. Of custom fields those that
    /// changed are merged into what is there: what this program does not know of stays.
    func update(_ change: RecordChange, fields: [RecordField]) -> (Statement, Parameters) {
        let type = change.type
        var parameters = Parameters(reservingBytes: 256)
        parameters.append(change.recordID)
        var assignments: [String] = []
        var place = 2
        let custom = fields.filter(\.isCustom)
        for field in fields where !field.isCustom {
            field.bind(change.after, to: &parameters)
            for column in field.columns {
                assignments.append("\(column) = $\(place)")
                place += 1
            }
        }
        if !custom.isEmpty, let column = type.customColumn?.column {
            WriteStatements.bindCustom(custom, of: change.after, to: &parameters)
            assignments.append(
                "\(column) = nullif(jsonb_strip_nulls(coalesce(\(column), '{}') || $\(place)), '{}')")
        }
        let text =
            "UPDATE \(type.qualifiedTable) SET \(assignments.joined(separator: ", ")) "
            + "WHERE \(type.standard.id.column) = $1"
        return (engine.statement(text), parameters)
    }
}
