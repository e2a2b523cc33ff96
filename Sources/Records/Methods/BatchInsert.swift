import AccessControl
import Postgres
import RPC
import Reactor
import Tenancy
import Wire

/// Inserts the items of a batch with one statement. A row that a unique index refuses is left out by PostgreSQL; it is
/// then found out which field was taken, so that nothing has to be tried row by row.
struct BatchInsert {
    let engine: RecordEngine
    let call: RecordCall

    private var type: RecordType { call.type }

    /// Answers the items, those that were not inserted refused.
    func insert(
        _ items: [BatchItem], in transaction: RecordTransaction, at pace: inout Pace
    ) async throws -> [BatchItem] {
        let claims = UniqueClaims(call, in: transaction)
        let items = try await taking(items, claims)
        let changes = items.compactMap(\.change)
        guard !changes.isEmpty else { return items }
        try await transaction.markSelections(of: changes)
        var parameters = Parameters()
        var writer = JSONWriter()
        await writer.writeRows(changes.map(\.after), of: type, &pace)
        writer.bytes.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        let rows = try await transaction.query(engine.statement(insertText), parameters)
        // No two items have the same id.
        var unclaimed = Set(try rows.map { try $0.id(0) })
        var inserted: [RecordChange] = []
        var outcome: [BatchItem] = []
        for item in items {
            if let change = item.change, unclaimed.remove(change.recordID) == nil {
                outcome.append(item.refused(try await refusal(of: change, item.preparation, in: transaction)))
                try claims?.release([change])
            } else {
                if let change = item.change { inserted.append(change) }
                outcome.append(item)
            }
            await pace.step()
        }
        try await enqueueLedger(inserted, in: transaction, at: &pace)
        return outcome
    }

    /// Takes the values of all that must be unique; those that cannot have theirs are refused.
    private func taking(_ items: [BatchItem], _ claims: UniqueClaims?) async throws -> [BatchItem] {
        guard let claims else { return items }
        let refusals = try await claims.take(
            items.compactMap { item in item.change.map { ($0, item.preparation.path) } })
        return items.map { item in (item.change?.recordID).flatMap { refusals[$0] }.map(item.refused) ?? item }
    }

    /// `INSERT … SELECT` from an array of objects whose keys are the columns.
    private var insertText: String {
        let own = type.own.map { ", \($0.number)" } ?? ""
        return "INSERT INTO \(type.qualifiedTable) (\(type.insertedColumns)) SELECT \(type.columnList)\(own) "
            + "FROM \(type.rowset("$1", as: "item")) "
            + "WHERE NOT \(PastLives.condition(type.object, "item.\(type.standard.id.column)")) "
            + "ON CONFLICT DO NOTHING RETURNING \(type.standard.id.column)"
    }

    private func enqueueLedger(
        _ changes: [RecordChange], in transaction: RecordTransaction, at pace: inout Pace
    ) async throws {
        guard !changes.isEmpty else { return }
        var writer = JSONWriter()
        await writer.writeLedger(changes, &pace)
        try transaction.enqueue(LedgerRow.insertion(transaction.ledgerOrigin, type.object, rows: writer.bytes))
        changes.forEach(transaction.note)
    }

    /// Finds which unique value of a record that was left out belongs to another.
    private func refusal(
        of change: RecordChange, _ preparation: ChangePreparation, in transaction: RecordTransaction
    ) async throws -> RPCError {
        for field in type.fields where change.after.has(field.descriptor) {
            guard field.role == .id || field.rules.unique != nil else { continue }
            let livingOnly = field.role != .id
            if try await exists(
                [field], change, livingOnly, ignoringCase: field.rules.unique?.ignoringCase == true,
                transaction)
            {
                guard field.role == .id else { return DatabaseErrors.taken(field.name, type, preparation.path) }
                let taken = TakenID(call: call, path: preparation.path)
                return try taken.refusal(change.recordID, await transaction.query(taken.lookup(change.recordID)))
            }
            if field.role == .id, try await hadPastLife(change, transaction) {
                return DatabaseErrors.taken(field.name, type, preparation.path)
            }
        }
        for rule in type.constraints {
            let fields = rule.fields.compactMap(type.field)
            guard fields.allSatisfy({ change.after.has($0.descriptor) }) else { continue }
            if try await exists(fields, change, true, ignoringCase: rule.ignoringCase, transaction) {
                return DatabaseErrors.taken(rule, type, preparation.path)
            }
        }
        return RPCError(
            .alreadyExists, reason: RecordReason.constraintViolated.rawValue, domain: RecordErrors.domain,
            "Another \(type.object) has values that only one may have.")
    }

    private func hadPastLife(_ change: RecordChange, _ transaction: RecordTransaction) async throws -> Bool {
        var parameters = Parameters()
        parameters.append(change.recordID)
        let text = "SELECT \(PastLives.condition(type.object, "$1"))"
        return try await transaction.query(engine.statement(text), parameters).one().bool(0)
    }

    /// Whether a record has the values already; `ignoringCase` is about those of them that are texts.
    private func exists(
        _ fields: [RecordField], _ change: RecordChange, _ livingOnly: Bool, ignoringCase: Bool,
        _ transaction: RecordTransaction
    ) async throws -> Bool {
        var parameters = Parameters()
        var conditions: [String] = []
        for field in fields where field.columns.count == 1 {
            field.bind(change.after, to: &parameters)
            conditions.append(field.equality(to: "$\(parameters.count)", ignoringCase: ignoringCase))
        }
        if livingOnly, let living = Lifetime.living.condition(type) { conditions.append(living) }
        let text =
            "SELECT 1 FROM \(type.source) WHERE \(conditions.joined(separator: " AND ")) LIMIT 1"
        return try await !transaction.query(engine.statement(text), parameters).isEmpty
    }
}

extension RecordType {
    /// The fields that are set: those with columns of their own, and custom ones.
    fileprivate func parts(setIn record: Message) -> (declared: [RecordField], custom: [RecordField]) {
        let set = fields.filter { record.has($0.descriptor) }
        return (set.filter { !$0.isCustom }, set.filter(\.isCustom))
    }
}

extension JSONWriter {
    /// An array of objects whose keys are the columns of the type.
    mutating func writeRows(_ records: [Message], of type: RecordType, _ pace: inout Pace) async {
        await writeArray(records, &pace) { writer, record in
            let (declared, custom) = type.parts(setIn: record)
            writer.writeObject(declared.map { [$0] } + (custom.isEmpty ? [] : [custom])) { writer, fields in
                if let column = type.customColumn?.column, fields[0].isCustom {
                    writer.writeRaw("\"\(column)\":")
                    writer.write(fields, of: record)
                } else {
                    fields[0].writeColumns(of: record, to: &writer)
                }
            }
        }
    }

    /// An array of objects with the parts of ledger rows that differ from row to row.
    mutating func writeLedger(_ changes: [RecordChange], _ pace: inout Pace) async {
        await writeArray(changes, &pace) { writer, change in
            writer.writeRaw(
                "{\"id\":\"\(RecordID.make().text)\",\"record_id\":\"\(change.recordID.text)\",\"after\":")
            let told = change.changedFields.filter { $0.role != .version && $0.role != .updateTime }
            writer.write(told, of: change.after)
            writer.writeRaw("}")
        }
    }
}

extension RecordField {
    /// SQL that finds who has a value as a unique index does; `ignoringCase` is about texts.
    func equality(to place: String, ignoringCase: Bool) -> String {
        guard ignoringCase, case .text = kind else { return "\(column) = \(place)" }
        return "lower(\(column)) = lower(\(place))"
    }

    /// The field's columns as members of a JSON object.
    fileprivate func writeColumns(of record: Message, to writer: inout JSONWriter) {
        guard case .money(let fields) = kind, let money = record.message(descriptor) else {
            writer.writeRaw("\"\(column)\":")
            return writer.write(descriptor, of: record)
        }
        writer.writeRaw("\"\(columns[0])\":")
        writer.write(fields.minorUnits, of: money)
        writer.writeRaw(",\"\(columns[1])\":")
        writer.write(fields.currency, of: money)
    }
}
