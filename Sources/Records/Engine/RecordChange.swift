import AccessControl
package import RPC
package import Tenancy
package import Wire

/// A change of one record on its way to the database: what hooks see.
// SAFETY: belongs to one call, whose task runs on one loop.
package final class RecordChange: @unchecked Sendable {
    package enum Kind: Sendable {
        case create, update, delete, restore
    }

    package let kind: Kind
    package let call: RecordCall
    /// As it was; nil for a new record.
    package let before: Message?
    /// As it will be. Hooks set its fields.
    package let after: Message

    package var type: RecordType { call.type }
    package var context: CallContext { call.context }
    package var caller: Caller { call.caller }

    init(_ kind: Kind, _ call: RecordCall, before: Message?, after: Message) {
        self.kind = kind
        self.call = call
        self.before = before
        self.after = after
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
        after.copyFields(from: value.message(in: after.arena), only: after.descriptor.fields)
    }

    /// The stored fields that differ from what they were, or are set in a new record.
    var changedFields: [RecordField] {
        guard let before else { return type.fields.filter { after.has($0.descriptor) } }
        return type.fields.filter { !$0.isSame(in: before, after) }
    }

    package var recordID: RecordID {
        guard let id = after.id(type.standard.id.descriptor) else {
            preconditionFailure("a record has an id")
        }
        return id
    }

    var owner: RecordID? { type.standard.owner.flatMap { after.id($0.descriptor) } }

    var department: RecordID? { type.standard.department.flatMap { after.id($0.descriptor) } }
}
