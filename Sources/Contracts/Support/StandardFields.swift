import CContracts
import Tenancy
import Wire

// The fields of standard requests and responses, by name. A name that a type's message does not have is a mistake in its proto file, and
// stops the program; ContractsTests compares the messages of all types.
extension Message {
    func read(_ name: String) -> String? {
        string(known(name))
    }

    func read(_ name: String) -> Bool? {
        let field = known(name)
        return has(field) ? bool(field) : nil
    }

    func read(_ name: String) -> Int32? {
        let field = known(name)
        return has(field) ? int32(field) : nil
    }

    func read(_ name: String) -> Int64? {
        let field = known(name)
        return has(field) ? int64(field) : nil
    }

    func read(_ name: String) -> Timestamp? {
        message(known(name)).flatMap { readTimestamp($0.as(Google__Protobuf__Timestamp.self)) }
    }

    func read<Value: WireMessage>(_ name: String) -> Value? {
        message(known(name)).map { Value($0) }
    }

    func read(_ name: String) -> [String] {
        strings(known(name))
    }

    func read<Value: WireMessage>(_ name: String) -> [Value] {
        messages(known(name)).map { Value($0) }
    }

    func write(_ name: String, _ text: String?) {
        if let text { setString(known(name), text) }
    }

    func write(_ name: String, _ flag: Bool?) {
        if let flag { setBool(known(name), flag) }
    }

    func write(_ name: String, _ number: Int32?) {
        if let number { setInt32(known(name), number) }
    }

    func write(_ name: String, _ number: Int64?) {
        if let number { setInt64(known(name), number) }
    }

    func write(_ name: String, _ time: Timestamp?) {
        if let time { setMessage(known(name), timestampMessage(time, arena)) }
    }

    func write(_ name: String, _ value: (some WireMessage)?) {
        if let value { setMessage(known(name), value.message(in: arena)) }
    }

    func write(_ name: String, _ texts: [String]) {
        setStrings(known(name), texts)
    }

    func write(_ name: String, _ values: [some WireMessage]) {
        setMessages(known(name), values.map { $0.message(in: arena) })
    }

    private func known(_ name: String) -> FieldDescriptor {
        guard let field = descriptor.field(name) else { preconditionFailure("\(descriptor) has no field \(name)") }
        return field
    }
}
