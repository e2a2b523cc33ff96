import CPlugin
import CProtobufC
import Contracts
import RPC
import StewardClient
import Wire

/// The message types of a service as a running server describes them, so that methods which this program was not compiled
/// with can be called and shown.
struct RemoteSchema {
    let messages: [String: MessageDescriptor]
    let enums: [String: RuntimeDescriptors.EnumShape]
    /// Doc comments of messages, enums, fields and values by their full names, as in steward.sales.v1.Deal.amount.
    let comments: [String: String]

    /// Asks the server for the descriptors of a service and of all that it uses.
    static func load(_ service: String, from connection: StewardConnection) async throws -> RemoteSchema {
        let answer = try await connection.reflection.getDescriptors(GetDescriptorsRequest(symbol: service))
        guard let set = answer.fileDescriptorSet else { throw malformed }
        return try RemoteSchema(fileDescriptorSet: set)
    }

    /// From a serialized google.protobuf.FileDescriptorSet.
    init(fileDescriptorSet: [UInt8]) throws {
        let files = try fileDescriptorSet.withUnsafeBytes { bytes in
            try WireCodec.decode(
                bytes, as: MessageDescriptor(google_protobuf_file_descriptor_set_descriptor()), arena: Arena())
        }.list("file")
        var shapes: [RuntimeDescriptors.MessageShape] = []
        var enums: [RuntimeDescriptors.EnumShape] = []
        var comments: [String: String] = [:]
        for file in files {
            let package = file.text("package") ?? ""
            for message in file.list("message_type") { shapes.append(try Self.shape(message, in: package)) }
            for type in file.list("enum_type") { enums.append(Self.shape(type, in: package)) }
            comments.merge(Self.comments(of: file, package), uniquingKeysWith: { first, _ in first })
        }
        guard let messages = RuntimeDescriptors.make(messages: shapes, enums: enums) else { throw Self.malformed }
        self.messages = messages
        self.enums = Dictionary(enums.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.comments = comments
    }

    private static let malformed = UsageProblem(
        "the server's descriptors cannot be read", cure: "update the command line or the server")

    private static func shape(_ message: Message, in package: String) throws -> RuntimeDescriptors.MessageShape {
        RuntimeDescriptors.MessageShape(
            name: "\(package).\(message.text("name") ?? "")", fields: try message.list("field").map(field))
    }

    private static func shape(_ type: Message, in package: String) -> RuntimeDescriptors.EnumShape {
        RuntimeDescriptors.EnumShape(
            name: "\(package).\(type.text("name") ?? "")",
            values: type.list("value").map { ($0.text("name") ?? "", $0.int("number")) })
    }

    private static func field(_ field: Message) throws -> RuntimeDescriptors.FieldShape {
        guard let type = types[field.int("type")] else { throw malformed }
        // Type names begin with a dot: they are full names.
        return RuntimeDescriptors.FieldShape(
            name: field.text("name") ?? "", number: UInt32(field.int("number")), isRepeated: field.int("label") == 3,
            type: type, typeName: field.text("type_name").map { String($0.drop { $0 == "." }) })
    }

    /// FieldDescriptorProto.Type; groups are not known.
    private static let types: [Int32: ProtobufCType] = [
        1: PROTOBUF_C_TYPE_DOUBLE, 2: PROTOBUF_C_TYPE_FLOAT, 3: PROTOBUF_C_TYPE_INT64, 4: PROTOBUF_C_TYPE_UINT64,
        5: PROTOBUF_C_TYPE_INT32, 6: PROTOBUF_C_TYPE_FIXED64, 7: PROTOBUF_C_TYPE_FIXED32, 8: PROTOBUF_C_TYPE_BOOL,
        9: PROTOBUF_C_TYPE_STRING, 11: PROTOBUF_C_TYPE_MESSAGE, 12: PROTOBUF_C_TYPE_BYTES, 13: PROTOBUF_C_TYPE_UINT32,
        14: PROTOBUF_C_TYPE_ENUM, 15: PROTOBUF_C_TYPE_SFIXED32, 16: PROTOBUF_C_TYPE_SFIXED64,
        17: PROTOBUF_C_TYPE_SINT32, 18: PROTOBUF_C_TYPE_SINT64,
    ]

    /// Comments stand in the file's source info under paths: 4 and the message's index, 5 and the enum's; then 2 and the index of
    /// the field or value.
    private static func comments(of file: Message, _ package: String) -> [String: String] {
        let types: [Int32: (list: [Message], members: String)] = [
            4: (file.list("message_type"), "field"), 5: (file.list("enum_type"), "value"),
        ]
        var comments: [String: String] = [:]
        guard let field = file.descriptor.field("source_code_info"), let info = file.message(field) else { return [:] }
        for location in info.list("location") {
            guard let text = location.text("leading_comments"), let field = location.descriptor.field("path") else {
                continue
            }
            let path = (0..<location.count(field)).map { location.int32(field, at: $0) }
            guard path.count == 2 || path.count == 4 && path[2] == 2, let (list, members) = types[path[0]],
                let type = list.element(path[1])
            else { continue }
            var name = "\(package).\(type.text("name") ?? "")"
            if path.count == 4 {
                guard let member = type.list(members).element(path[3]) else { continue }
                name += ".\(member.text("name") ?? "")"
            }
            comments[name] = text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
        }
        return comments
    }
}

extension Message {
    fileprivate func text(_ name: String) -> String? { descriptor.field(name).flatMap { string($0) } }
    fileprivate func int(_ name: String) -> Int32 { descriptor.field(name).map { int32($0) } ?? 0 }
    fileprivate func list(_ name: String) -> [Message] { descriptor.field(name).map { messages($0) } ?? [] }
}

extension Array {
    fileprivate func element(_ index: Int32) -> Element? {
        indices.contains(Int(index)) ? self[Int(index)] : nil
    }
}
