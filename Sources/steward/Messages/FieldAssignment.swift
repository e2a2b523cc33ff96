import Money
import Wire

/// Fills a message from arguments such as display_name=Acme, amount='1250.50 EUR', stage=open or role_ids=a,b.
enum FieldAssignment {
    /// Gives the top-level fields that were named, in order. An empty value names the field without setting it, which an
    /// update takes as clearing it.
    static func apply(_ arguments: [String], to message: Message) throws -> [String] {
        try FieldsSet.check(arguments, of: message.descriptor)
        var named: [String] = []
        for argument in arguments {
            guard let (path, text) = parts(argument), !path.isEmpty else {
                throw UsageProblem("\(argument) is no assignment", cure: "write field=value, as in display_name=Acme")
            }
            try set(path, to: text, in: message)
            let field = String(path.prefix { $0 != "." })
            if !named.contains(field) { named.append(field) }
        }
        return named
    }

    /// What stands before and behind the first equals sign; nil without one. A value may begin with a combining mark, which
    /// makes one character of the sign and the mark.
    static func parts(_ argument: String) -> (path: String, text: String)? {
        let scalars = argument.unicodeScalars
        guard let equals = scalars.firstIndex(of: "=") else { return nil }
        return (String(scalars[..<equals]), String(scalars[scalars.index(after: equals)...]))
    }

    /// Sets one field by its path.
    static func set(_ path: String, to text: String, in message: Message) throws {
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard let name = parts.first, let field = message.descriptor.field(name) else {
            throw MessageFill.unknown(path, in: message.descriptor, path: "")
        }
        if parts.count == 2 { return try setNested(field, parts[1], to: text, in: message) }
        guard !text.isEmpty else { return }
        if ListText.isJSON(text), field.isRepeated || isMessage(field) {
            return try MessageFill.set(field, of: message, to: JSONValue(text: text), path: path)
        }
        if field.isRepeated {
            let elements = try text.split(separator: ",").map { try value(field, String($0).trimmed, path) }
            return try MessageFill.set(field, of: message, to: .array(elements), path: path)
        }
        try MessageFill.set(field, of: message, to: value(field, text, path), path: path)
    }

    private static func isMessage(_ field: FieldDescriptor) -> Bool {
        if case .message = field.kind { true } else { false }
    }

    /// `amount.currency_code=EUR` goes into the nested message; `contact_points.email=a@b.c` appends an element of that
    /// kind to a repeated one.
    private static func setNested(_ field: FieldDescriptor, _ rest: String, to text: String, in message: Message) throws
    {
        guard case .message(let type) = field.kind else {
            throw UsageProblem("\(field.name) has no parts", cure: "write \(field.name)=value")
        }
        guard field.isRepeated else {
            return try set(rest, to: text, in: message.message(field) ?? message.makeMessage(field))
        }
        let (kind, value, number) = try listElement(field, type, rest)
        guard !text.isEmpty else { return }
        let element = Message.make(type, in: message.arena)
        element.setInt32(kind, number)
        element.setString(value, text)
        message.setMessages(field, message.messages(field) + [element])
    }

    /// The text as the JSON value that the field takes.
    private static func value(_ field: FieldDescriptor, _ text: String, _ path: String) throws -> JSONValue {
        switch field.kind {
        case .string, .bytes, .enumeration, .int32, .sint32, .sfixed32, .int64, .sint64, .sfixed64, .uint32, .fixed32,
            .uint64, .fixed64:
            return .string(text)
        case .bool: return try truth(text, path)
        case .float, .double:
            do { return .number(try PlainNumber.read(text)) } catch {
                throw UsageProblem("\(path): \(error.text)", cure: error.cure)
            }
        case .message(let type) where type.name == "steward.type.v1.Money": return try money(text, path)
        case .message(let type) where type.name == "google.protobuf.Timestamp": return .string(text)
        case .message(let type):
            let object = "{" + type.fields.prefix(2).map { "\"\($0.name)\": …" }.joined(separator: ", ") + "}"
            throw UsageProblem(
                "\(path) has parts",
                cure: field.isRepeated ? "give a JSON list, as in [\(object)]" : "give a JSON object, as in \(object)")
        }
    }

    private static func truth(_ text: String, _ path: String) throws -> JSONValue {
        switch text.lowercased() {
        case "yes", "true", "1": return .bool(true)
        case "no", "false", "0": return .bool(false)
        default: throw UsageProblem("\(path): \(text) is neither yes nor no", cure: "write yes or no")
        }
    }

    private static func money(_ text: String, _ path: String) throws -> JSONValue {
        do {
            let amount = try MoneyText.parse(text)
            return .object([
                "currency_code": .string(amount.currency.code), "minor_units": .integer(amount.minorUnits),
            ])
        } catch {
            throw UsageProblem("\(path): \(error.text)", cure: error.cure)
        }
    }

    /// Throws when a path leads to no field.
    static func check(_ path: String, in type: MessageDescriptor) throws(UsageProblem) {
        let parts = path.split(separator: ".", maxSplits: 1).map(String.init)
        guard let name = parts.first, let field = type.field(name) else {
            throw MessageFill.unknown(path, in: type, path: "")
        }
        guard parts.count == 2 else { return }
        guard case .message(let part) = field.kind else {
            throw UsageProblem("\(field.name) has no parts", cure: "write \(field.name)")
        }
        if field.isRepeated { _ = try listElement(field, part, parts[1]) } else { try check(parts[1], in: part) }
    }

    /// How an element of a list is given by its kind, as in contact_points.email.
    private static func listElement(
        _ field: FieldDescriptor, _ type: MessageDescriptor, _ name: String
    ) throws(UsageProblem) -> (kind: FieldDescriptor, value: FieldDescriptor, number: Int32) {
        guard let kind = type.field("kind"), let value = type.field("value"), case .enumeration(let kinds) = kind.kind,
            let number = FieldText.number(name, of: kinds)
        else {
            throw UsageProblem("\(field.name).\(name) is not known", cure: "give \(field.name) as a JSON array")
        }
        return (kind, value, number)
    }
}
