import AccessControl
import Postgres
import RPC
import Wire

extension RecordTransaction {
    /// Finds the living record that has the value of `record` in a field which is unique, and locks it. Nil when there is none that the
    /// caller may read.
    func load(_ type: RecordType, with key: RecordField, of record: Message) async throws -> LoadedRecord? {
        let call = try await call(type)
        var parameters = Parameters()
        key.bind(record, to: &parameters)
        let ignoringCase = key.rules.unique?.ignoringCase == true
        let conditions = [
            key.equality(to: "$1", ignoringCase: ignoringCase), Lifetime.living.condition(type),
            call.predicate(.read).condition(call, &parameters),
        ]
        let text =
            "SELECT \(LoadedRecord.columns(call, &parameters)) FROM \(type.source) "
            + "WHERE \(conditions.compactMap(\.self).joined(separator: " AND ")) FOR UPDATE"
        let rows = try await query(engine.statement(text), parameters)
        return try rows.first.map { row in
            try LoadedRecord(row, call, .right(.read), in: context.arena)
        }
    }
}
