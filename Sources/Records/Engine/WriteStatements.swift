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
        for field in type.fields { field.bind(record, to: &parameters) }
        return (isIDFree ? type.insertion : type.insertionOfChosenID, parameters)
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
}
