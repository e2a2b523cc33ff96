import AccessControl
import Formulas
import Postgres
import Tenancy
import Wire

/// What a roll-up says of some records, as those that name them are now.
struct ReckonedRollUp: Sendable {
    let field: RecordField
    /// By the records of which it says something; nil where it does not fit the fields that there are: then no record has a value of it.
    let values: [RecordID: FormulaValue]?

    /// Sets its field. A count of what nothing names is 0; a value that the field does not hold is none.
    func set(_ id: RecordID, in record: Message, _ forms: NormalForms) {
        guard let values else { return record.clear(field.descriptor) }
        let none: FormulaValue? = field.added?.rollUp?.function == .count ? .integer(0) : nil
        field.setReckoned(values[id] ?? none, in: record, forms)
    }
}

extension RecordTransaction {
    /// What a roll-up over records of this service says of some records.
    func reckoned(_ field: RecordField, _ ids: [RecordID]) async throws -> ReckonedRollUp {
        guard let added = field.added, let rollUp = try await rollUp(added) else {
            return ReckonedRollUp(field: field, values: nil)
        }
        let (text, parameters) = rollUp.statement(ids)
        return ReckonedRollUp(
            field: field, values: try rollUp.values(try await query(engine.statement(text), parameters)))
    }

    /// Nil where the records, or what it asks of them, are not there.
    private func rollUp(_ field: TenantField) async throws -> RecordRollUp? {
        guard let object = field.rollUp?.object, let children = try await type(object) else { return nil }
        return RecordRollUp(field, try await call(children))
    }

    /// Gives records what is reckoned of them, and what their formulas say then; each alone: one that cannot be stored as it is stays as it is.
    ///
    /// - Returns: whether any was changed.
    func store(_ reckoned: [ReckonedRollUp], of ids: [RecordID], _ type: RecordType) async throws -> Bool {
        let call = try await call(type)
        var hasChanged = false
        for part in call.type.parts(of: ids) {
            let records = try await load(type, ids: part, for: .update, lifetime: .any)
            for id in part {
                guard let record = try records[id]?.get() else { continue }
                let version = record.message.int64(type.standard.version.descriptor)
                let stored = try await unlessRefused(record) {
                    try await update(record, by: .program) { message in
                        for rollUp in reckoned { rollUp.set(id, in: message, call.forms) }
                    }
                }
                if let stored, stored.int64(type.standard.version.descriptor) != version { hasChanged = true }
            }
        }
        return hasChanged
    }
}

extension RecordEngine {
    /// Whether a roll-up is over records of another service. Objects of a workspace's own are where what they name is.
    func isElsewhere(_ field: RecordField, in model: TenantModel) -> Bool {
        guard let object = field.added?.rollUp?.object else { return false }
        return !TenantObject.isObject(object) && type(object, in: model) == nil
    }
}
