import AccessControl
package import RPC
package import Tenancy
package import Wire

/// A change of one record on its way to the database: what rules see.
// SAFETY: belongs to one call, whose task runs on one loop.
package final class RecordChange: @unchecked Sendable {
    package enum Kind: Sendable {
        case create, update, delete, restore
    }

    package let kind: Kind
    package let call: RecordCall
    /// As it was; nil for a new record.
    package let before: Message?
    /// As it will be. Rules set its fields.
    package let after: Message
    /// The change whose rule made this one, as the end of a whole ends its parts; nil when a method made it. A rule that leaves
    /// something to the whole asks for it.
    package let cause: RecordChange?
    /// The id of a new record is the caller's choice: it may have been another record's.
    var hasChosenID = false
    /// It was told elsewhere that this change, and others of the transaction, are about to be made.
    package var isAnnounced = false

    package var type: RecordType { call.type }
    package var context: CallContext { call.context }
    package var actor: TenantActor { call.actor }

    init(_ kind: Kind, _ call: RecordCall, before: Message?, after: Message, cause: RecordChange? = nil) {
        self.kind = kind
        self.call = call
        self.before = before
        self.after = after
        self.cause = cause
    }

    /// Whether the field differs from what it was; for a new record, whether it is set.
    package func changes(_ name: String) -> Bool {
        guard let field = type.field(name) else { preconditionFailure("\(type.object) has no field \(name)") }
        guard let before else { return after.has(field.descriptor) }
        return !field.isSame(in: before, after)
    }

    /// `after` as a generated value.
    package func value<Value: WireMessage>(_ type: Value.Type) -> Value { after.value(type) }

    /// Makes `after` a generated value, field by field.
    package func replace(with value: some WireMessage) {
        after.copyFields(from: value.message(in: after.arena), only: after.descriptor.base.fields)
    }

    /// Whether the owner or the department is another one, or the record new.
    var changesScope: Bool {
        [type.standard.owner, type.standard.department].contains { field in
            guard let field else { return false }
            return before.map { !field.isSame(in: $0, after) } ?? true
        }
    }

    /// The stored fields that differ from what they were, or are set in a new record.
    var changedFields: [RecordField] {
        guard let before else { return type.fields.filter { after.has($0.descriptor) } }
        return type.fields.filter { !$0.isSame(in: before, after) }
    }

    /// The ids that a field holds after the change and did not hold before.
    func newReferences(_ field: RecordField) -> [RecordID] {
        guard let before else { return field.ids(in: after) }
        let old = Set(field.ids(in: before))
        return field.ids(in: after).filter { !old.contains($0) }
    }

    package var recordID: RecordID {
        guard let id = after.id(type.standard.id.descriptor) else {
            preconditionFailure("a record has an id")
        }
        return id
    }

    var owner: RecordID? { type.owner(of: after) }

    var department: RecordID? { type.department(of: after) }
}

extension RecordType {
    func owner(of record: Message) -> RecordID? { standard.owner.flatMap { record.id($0.descriptor) } }

    func department(of record: Message) -> RecordID? { standard.department.flatMap { record.id($0.descriptor) } }
}
