import AccessControl
import RPC
import Wire

/// What one caller may do with the fields of a record type. Field policies meet records here: output,
/// filters, sort keys and input of the standard methods ask it, and so does every custom method that tells or writes a
/// field on another way than as a record.
package struct FieldRights: Sendable {
    let type: RecordType
    /// By `RecordField.index`; empty when every field is writable.
    private let levels: [FieldLevel]
    /// The caller may read some records of the type at least. Who may not read any is told nothing of their fields.
    private let mayReadSome: Bool
    /// The tags that the caller sees; nil for a type whose records have none.
    let tags: TagSight?

    /// - Parameter unseen: fields that say of other records what the caller may not read.
    init(_ type: RecordType, _ access: ObjectAccess, tags: TagSight? = nil, unseen: [RecordField] = []) {
        (self.type, self.tags) = (type, tags)
        mayReadSome = access.scope(.read) > .none
        let isWhole = !access.restrictsFields && unseen.isEmpty
        levels = isWhole ? [] : type.withDerived(access.levels(of: type.fieldNames), unseen)
    }

    /// Every field is writable, and so readable.
    var areWhole: Bool { levels.isEmpty }

    func level(of field: RecordField) -> FieldLevel {
        levels.isEmpty ? .write : levels[field.index]
    }

    /// Takes out of a record what the caller may not read, and cuts down what may be read in part: of a message of the shape, or of one that
    /// is told.
    func filter(_ record: Message) {
        cutTags(of: record)
        guard !levels.isEmpty else { return }
        // Without custom fields both are the same, and what is told of one that was there is not to be told any more.
        let isTold = type.added == nil || record.descriptor != type.message
        for field in type.fields where !(isTold && field.isCustom) {
            switch levels[field.index] {
            case .none: record.clear(field.descriptor)
            case .masked where field.role != .customFields: Masking.mask(field, in: record)
            case .masked, .read, .write: break
            }
        }
        if isTold { filterItems(of: record) }
    }

    /// The same for custom fields that are told. One that is not there any more is taken out.
    private func filterItems(of record: Message) {
        guard let column = type.customColumn?.descriptor, record.has(column) else { return }
        let items = record.messages(column).compactMap { item -> Message? in
            guard let field = type.customField(of: item) else { return nil }
            switch levels[field.index] {
            case .none: return nil
            case .masked: return Masking.leavesPart(of: field) ? Masking.masked(item) : nil
            case .read, .write: return item
            }
        }
        record.setMessages(column, items)
    }

    /// The fields of which a record shows the caller its value, or the part of it that masking leaves.
    var shownFields: [RecordField] {
        type.fields.filter { field in
            switch level(of: field) {
            case .none: false
            case .masked: Masking.leavesPart(of: field)
            case .read, .write: true
            }
        }
    }

    package func isReadable(_ field: RecordField) -> Bool { mayReadSome && level(of: field) >= .read }

    /// Throws PERMISSION_DENIED for a field that the caller may not fully read: comparing or sorting by it would tell
    /// its value.
    func requireReadable(_ field: RecordField) throws {
        guard mayReadSome else { throw RecordErrors.permissionMissing(.read, type) }
        guard !isReadable(field) else { return }
        throw RecordErrors.fieldNotReadable(field.name, of: type)
    }

    /// Throws PERMISSION_DENIED when one of the fields may not be written.
    func requireWritable(_ fields: some Sequence<RecordField>) throws {
        guard !levels.isEmpty else { return }
        for field in fields where level(of: field) < .write {
            throw RecordErrors.fieldNotWritable(field.name, of: type)
        }
    }
}

// For custom methods, which name their fields. A name that the type does not have is a mistake in the program and stops
// it: each such line is covered by the first test that runs it.
extension FieldRights {
    /// Whether the caller may fully read all of these fields, and so what is derived from them.
    package func mayRead(_ names: String...) -> Bool {
        names.allSatisfy { isReadable(known($0)) }
    }

    /// Throws PERMISSION_DENIED: with PERMISSION_MISSING when the caller may read no record of the type, with FIELD_NOT_READABLE for a
    /// field that he may not fully read.
    package func requireReadable(_ names: String...) throws {
        for name in names { try requireReadable(known(name)) }
    }

    /// Throws PERMISSION_DENIED with FIELD_NOT_WRITABLE for a field that the caller may not write.
    package func requireWritable(_ names: [String]) throws {
        try requireWritable(names.map(known))
    }

    private func known(_ name: String) -> RecordField {
        guard let field = type.field(name) else { preconditionFailure("\(type.object) has no field \(name)") }
        return field
    }
}

extension RecordType {
    /// The levels of its fields where what was typed for a phone number is no more open than the number, and what a formula says, and a
    /// name that is another field's value, hidden from whoever may not read all that it is made of.
    ///
    /// - Parameter unseen: fields that are hidden for what they say of other records.
    fileprivate func withDerived(_ levels: [FieldLevel], _ unseen: [RecordField]) -> [FieldLevel] {
        guard levels.count == fields.count, !typedFields.isEmpty || isReckoned || !unseen.isEmpty else { return levels }
        var levels = levels
        for (number, typed) in typedFields { levels[typed] = min(levels[typed], levels[number]) }
        // Before the formulas that use them.
        for field in unseen { levels[field.index] = .none }
        if let displayText, levels[displayText.sourceIndex] < .read { levels[displayText.field.index] = .none }
        // Each comes after those that it uses.
        for formula in formulas where formula.inputs.contains(where: { levels[$0.index] < .read }) {
            levels[formula.field.index] = .none
        }
        return levels
    }
}
