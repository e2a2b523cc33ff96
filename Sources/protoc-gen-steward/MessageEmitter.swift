/// Makes the Swift value of a message and the enums beside it.
struct MessageEmitter {
    let catalogue: Catalogue
    /// The Swift module that it is made in.
    let module: String

    func emit(_ message: ProtoMessage, into text: inout SwiftText) {
        let name = message.fullName.lastNamePart
        text.gap()
        text.comment(message.comment)
        if let standard = catalogue.standardType(of: message.fullName) {
            return text.line("public typealias \(name) = \(standard)")
        }
        text.block("public struct \(name): Hashable, Sendable") { text in
            for field in message.fields { property(field, in: message, &text) }
            initializer(message, &text)
        }
        text.gap()
        text.block("extension \(name): WireMessage") { text in
            text.line(
                "package static let descriptor = MessageDescriptor(\(Names.cDescriptor(message.fullName))())")
            reader(message, &text)
            writer(message, &text)
        }
    }

    func emit(_ enumeration: ProtoEnum, into text: inout SwiftText) {
        let name = enumeration.fullName.lastNamePart
        let prefix = Names.enumPrefix(name)
        text.gap()
        text.comment(enumeration.comment)
        text.block("public struct \(name): RawRepresentable, Hashable, Sendable") { text in
            for value in enumeration.values {
                let short =
                    value.name.hasPrefix(prefix) ? String(value.name.dropFirst(prefix.count)) : value.name
                text.gap()
                text.comment(value.comment)
                text.line("public static let \(Names.member(short)) = \(name)(rawValue: \(value.number))")
            }
            text.gap()
            text.line("/// The number on the wire; numbers unknown to this version are kept.")
            text.line("public let rawValue: Int32")
            text.gap()
            text.block("public init(rawValue: Int32)") { $0.line("self.rawValue = rawValue") }
        }
    }

    // MARK: Parts of a message

    /// A value that would contain itself is kept in an array of at most one element.
    private func property(_ field: ProtoField, in message: ProtoMessage, _ text: inout SwiftText) {
        let name = Names.member(field.name)
        text.gap()
        text.comment(field.comment)
        guard catalogue.isRecursive(field, in: message) else {
            return text.line("public var \(name): \(type(field))")
        }
        text.block("public var \(name): \(type(field))") { text in
            text.line("get { \(storage(field)).first }")
            text.line("set { \(storage(field)) = storage(of: newValue) }")
        }
        text.line("private var \(storage(field)): [\(elementType(field))]")
    }

    private func initializer(_ message: ProtoMessage, _ text: inout SwiftText) {
        text.gap()
        let parameters = message.fields.map { field in
            "\(Names.member(field.name)): \(type(field)) = \(field.isRepeated ? "[]" : "nil")"
        }
        guard !parameters.isEmpty else { return text.line("public init() {}") }
        text.list("public init(", parameters, ") {")
        text.indented { text in
            for field in message.fields { assignment(field, in: message, Names.member(field.name), &text) }
        }
        text.line("}")
    }

    private func assignment(
        _ field: ProtoField, in message: ProtoMessage, _ value: String, _ text: inout SwiftText
    ) {
        if catalogue.isRecursive(field, in: message) {
            text.line("self.\(storage(field)) = storage(of: \(value))")
        } else {
            text.line("self.\(Names.member(field.name)) = \(value)")
        }
    }

    private func storage(_ field: ProtoField) -> String {
        Names.lowerCamel(field.name) + "Storage"
    }

    private func reader(_ message: ProtoMessage, _ text: inout SwiftText) {
        text.gap()
        guard !message.fields.isEmpty else { return text.line("package init(_ message: Message) {}") }
        text.block("package init(_ message: Message)") { text in
            text.line("let c = message.as(\(Names.cStruct(message.fullName)).self)")
            for field in message.fields { assignment(field, in: message, reading(field), &text) }
        }
    }

    private func writer(_ message: ProtoMessage, _ text: inout SwiftText) {
        text.gap()
        guard !message.fields.isEmpty else { return text.line("package func write(to message: Message) {}") }
        text.block("package func write(to message: Message)") { text in
            text.line("let c = message.as(\(Names.cStruct(message.fullName)).self)")
            for field in message.fields { writing(field, &text) }
        }
    }

    // MARK: Fields

    private func elementType(_ field: ProtoField) -> String {
        switch field.kind {
        case .scalar(let type): type
        case .bool: "Bool"
        case .string: "String"
        case .bytes: "[UInt8]"
        case .message(Catalogue.timestamp): "Timestamp"
        case .enumeration(let name), .message(let name): catalogue.swiftName(name, in: module)
        }
    }

    private func type(_ field: ProtoField) -> String {
        field.isRepeated ? "[\(elementType(field))]" : "\(elementType(field))?"
    }

    /// The expression that reads a field; the functions are in Contracts/Support/FieldReading.swift.
    private func reading(_ field: ProtoField) -> String {
        let value = "c.pointee.\(Names.cMember(field.name))"
        let quantifier = "c.pointee.\(Names.cQuantifier(field))"
        return switch (field.kind, field.isRepeated) {
        case (.scalar, false): "\(quantifier) != 0 ? \(value) : nil"
        case (.bool, false): "\(quantifier) != 0 ? \(value) != 0 : nil"
        case (.enumeration, false):
            "\(quantifier) != 0 ? .init(rawValue: .init(bitPattern: \(value).rawValue)) : nil"
        case (.bytes, false): "\(quantifier) != 0 ? readBytes(\(value)) : nil"
        case (.string, false): "readString(\(value))"
        case (.message(Catalogue.timestamp), false): "readTimestamp(\(value))"
        case (.message, false): "readMessage(\(value), message.arena)"
        case (.scalar, true): "readNumbers(\(value), \(quantifier))"
        case (.bool, true): "readBools(\(value), \(quantifier))"
        case (.enumeration, true):
            "readNumbers(\(value), \(quantifier)).map { .init(rawValue: .init(bitPattern: $0.rawValue)) }"
        case (.bytes, true): "readNumbers(\(value), \(quantifier)).map(readBytes)"
        case (.string, true): "readStrings(\(value), \(quantifier))"
        case (.message(Catalogue.timestamp), true): "readTimestamps(\(value), \(quantifier))"
        case (.message, true): "readMessages(\(value), \(quantifier), message.arena)"
        }
    }

    /// The statement that writes a field; the functions are in Contracts/Support/FieldWriting.swift.
    private func writing(_ field: ProtoField, _ text: inout SwiftText) {
        let name = Names.member(field.name)
        let target = "c.pointee.\(Names.cMember(field.name))"
        let quantifier = "c.pointee.\(Names.cQuantifier(field))"
        guard !field.isRepeated else {
            text.line("\(target) = \(writingElements(field, "self.\(name)"))")
            return text.line("\(quantifier) = self.\(name).count")
        }
        switch field.kind {
        case .string, .message:
            text.line("\(target) = \(writingPointer(field, "self.\(name)"))")
        case .scalar, .bool, .bytes, .enumeration:
            text.block("if let value = self.\(name)") { text in
                text.line("\(quantifier) = 1")
                text.line("\(target) = \(writingValue(field))")
            }
        }
    }

    private func writingPointer(_ field: ProtoField, _ name: String) -> String {
        switch field.kind {
        case .string: "\(name).map(message.arena.string)"
        case .message(Catalogue.timestamp): "\(name).map { writeTimestamp($0, message.arena) }"
        default: "\(name).map { writeMessage($0, message.arena) }"
        }
    }

    private func writingValue(_ field: ProtoField) -> String {
        switch field.kind {
        case .bool: "value ? 1 : 0"
        case .bytes: "message.arena.bytes(value)"
        case .enumeration(let type): cEnum(type, "value")
        default: "value"
        }
    }

    /// The C value of a Swift enum's.
    private func cEnum(_ type: String, _ value: String) -> String {
        "\(Names.cStruct(type))(rawValue: UInt32(bitPattern: \(value).rawValue))"
    }

    private func writingElements(_ field: ProtoField, _ name: String) -> String {
        switch field.kind {
        case .scalar: "writeNumbers(\(name), message.arena)"
        case .bool: "writeNumbers(\(name).map { $0 ? 1 : 0 }, message.arena)"
        case .enumeration(let type):
            "writeNumbers(\(name).map { \(cEnum(type, "$0")) }, message.arena)"
        case .bytes: "writeNumbers(\(name).map(message.arena.bytes), message.arena)"
        case .string: "writePointers(\(name), message.arena, message.arena.string)"
        case .message(Catalogue.timestamp):
            "writePointers(\(name), message.arena) { writeTimestamp($0, message.arena) }"
        case .message: "writePointers(\(name), message.arena) { writeMessage($0, message.arena) }"
        }
    }
}
