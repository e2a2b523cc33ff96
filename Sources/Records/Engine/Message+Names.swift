package import Tenancy
package import Wire

// Fields by name, for rules and custom methods. A name that the message does not have is a mistake in the program and
// stops it: each such line is covered by the first test that runs it.
extension Message {
    /// A text or id; nil when not set.
    package func text(_ name: String) -> String? {
        let field = known(name)
        return has(field) ? string(field) : nil
    }

    /// An id; nil when not set or no id.
    package func id(_ name: String) -> RecordID? { id(known(name)) }

    /// A whole number or the number of an enum value; nil when not set.
    package func int(_ name: String) -> Int64? {
        let field = known(name)
        guard has(field) else { return nil }
        switch field.kind {
        case .int64, .sint64, .sfixed64: return int64(field)
        case .int32, .sint32, .sfixed32, .enumeration: return Int64(int32(field))
        default: preconditionFailure("\(name) is no whole number")
        }
    }

    /// A truth value; nil when not set.
    package func flag(_ name: String) -> Bool? {
        let field = known(name)
        return has(field) ? bool(field) : nil
    }

    /// A point in time; nil when not set.
    package func time(_ name: String) -> Timestamp? {
        let field = known(name)
        guard let nested = message(field), let fields = TimestampFields(nested.descriptor) else { return nil }
        return nested.timestamp(fields)
    }

    /// Whether a field is set; for a repeated one, whether it has elements.
    package func isSet(_ name: String) -> Bool { has(known(name)) }

    package func clear(_ name: String) { clear(known(name)) }

    package func set(_ name: String, _ text: String) { setString(known(name), text) }

    package func set(_ name: String, _ id: RecordID) { setID(known(name), id) }

    package func set(_ name: String, _ flag: Bool) { setBool(known(name), flag) }

    /// Sets a whole number or an enum value.
    package func set(_ name: String, _ number: Int64) {
        let field = known(name)
        switch field.kind {
        case .int64, .sint64, .sfixed64: setInt64(field, number)
        case .int32, .sint32, .sfixed32, .enumeration: setInt32(field, Int32(clamping: number))
        default: preconditionFailure("\(name) is no whole number")
        }
    }

    package func set(_ name: String, _ time: Timestamp) {
        let nested = makeMessage(known(name))
        guard let fields = TimestampFields(nested.descriptor) else {
            preconditionFailure("\(name) is no time")
        }
        nested.set(time, fields)
    }

    /// The message as a generated value.
    package func value<Value: WireMessage>(_ type: Value.Type) -> Value {
        precondition(Value.descriptor == descriptor.base, "\(Value.self) is not \(descriptor)")
        return Value(based)
    }

    private func known(_ name: String) -> FieldDescriptor {
        guard let field = descriptor.field(name) else {
            preconditionFailure("\(descriptor) has no field \(name)")
        }
        return field
    }
}
