import CPlugin
import CProtobufC

private typealias CFile = UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>

/// What protoc asks for.
struct GeneratorRequest {
    var parameter: String
    /// Dependencies before those that need them.
    var files: [ProtoFile]

    /// Reads a serialized google.protobuf.compiler.CodeGeneratorRequest.
    init(serialized bytes: [UInt8]) throws {
        let unpacked = protobuf_c_message_unpack(
            google_protobuf_compiler_code_generator_request_descriptor(), nil, bytes.count, bytes)
        guard let unpacked else { throw GeneratorError("standard input is not a CodeGeneratorRequest") }
        defer { protobuf_c_message_free_unpacked(unpacked, nil) }
        let request = UnsafeMutableRawPointer(unpacked)
            .assumingMemoryBound(to: Google__Protobuf__Compiler__CodeGeneratorRequest.self)
        parameter = text(request.pointee.parameter)
        let wanted = Set(texts(request.pointee.file_to_generate, request.pointee.n_file_to_generate))
        files = try elements(request.pointee.proto_file, request.pointee.n_proto_file)
            .filter { !RecordOption.files.contains(text($0.pointee.name)) }
            .map { try FileReader($0, isWanted: wanted.contains(text($0.pointee.name))).model() }
    }
}

/// Turns one FileDescriptorProto into the model.
private struct FileReader {
    let file: CFile
    let isWanted: Bool
    let package: String
    let comments: Comments

    init(_ file: CFile, isWanted: Bool) {
        self.file = file
        self.isWanted = isWanted
        package = text(file.pointee.package)
        comments = Comments(file)
    }

    func model() throws -> ProtoFile {
        let messages = elements(file.pointee.message_type, file.pointee.n_message_type)
        let enums = elements(file.pointee.enum_type, file.pointee.n_enum_type)
        let services = elements(file.pointee.service, file.pointee.n_service)
        let path = text(file.pointee.name)
        if isWanted { try refuseUnknownSyntax(path) }
        return ProtoFile(
            path: path, package: package,
            dependencies: texts(file.pointee.dependency, file.pointee.n_dependency)
                .filter { !RecordOption.files.contains($0) },
            messages: isWanted
                ? try messages.enumerated().map { (index, type) in try message(type, [4, Int32(index)]) }
                : [],
            enums: isWanted ? enums.enumerated().map { enumeration($1, [5, Int32($0)]) } : [],
            services: isWanted ? services.enumerated().map { service($1, [6, Int32($0)]) } : [],
            isWanted: isWanted, descriptor: packed())
    }

    private func refuseUnknownSyntax(_ path: String) throws {
        let syntax = text(file.pointee.syntax)
        guard syntax.isEmpty || syntax == "proto2" else {
            throw GeneratorError(
                "\(path): syntax is \(syntax); write proto2, as protoc-c needs it for `optional`")
        }
        guard file.pointee.n_extension == 0 else {
            throw GeneratorError("\(path): extensions are not supported")
        }
    }

    private func message(_ message: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>, _ path: [Int32])
        throws -> ProtoMessage
    {
        let fullName = "\(package).\(text(message.pointee.name))"
        guard message.pointee.n_nested_type == 0, message.pointee.n_enum_type == 0 else {
            throw GeneratorError(
                "\(fullName): types inside messages are not supported; declare them beside it")
        }
        guard message.pointee.n_oneof_decl == 0 else {
            throw GeneratorError(
                "\(fullName): oneof is not supported; use optional fields and say which may be set")
        }
        let fields = elements(message.pointee.field, message.pointee.n_field)
        return ProtoMessage(
            fullName: fullName, comment: comments.lines(path),
            fields: try fields.enumerated().map { (index, member) in
                try field(member, path + [2, Int32(index)], in: fullName)
            },
            record: try RecordOption.read(message.pointee.options, of: fullName))
    }

    private func field(
        _ field: UnsafeMutablePointer<Google__Protobuf__FieldDescriptorProto>, _ path: [Int32],
        in message: String
    ) throws -> ProtoField {
        let name = text(field.pointee.name)
        let label = field.pointee.label
        guard label != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED else {
            throw GeneratorError(
                "\(message).\(name) is required; make it optional, so that it can go one day")
        }
        guard field.pointee.default_value == nil else {
            throw GeneratorError("\(message).\(name) has a default; say in the comment what absent means")
        }
        return ProtoField(
            name: name, kind: try kind(field, name: "\(message).\(name)"),
            isRepeated: label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
            comment: comments.lines(path))
    }

    private func kind(
        _ field: UnsafeMutablePointer<Google__Protobuf__FieldDescriptorProto>, name: String
    ) throws -> ProtoField.Kind {
        let typeName = String(text(field.pointee.type_name).drop { $0 == "." })
        return switch field.pointee.type {
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE: .scalar("Double")
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT: .scalar("Float")
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64:
            .scalar("Int64")
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64:
            .scalar("UInt64")
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32:
            .scalar("Int32")
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32,
            GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32:
            .scalar("UInt32")
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL: .bool
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING: .string
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES: .bytes
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM: .enumeration(typeName)
        case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE: .message(typeName)
        default: throw GeneratorError("\(name): groups are not supported; use a message field")
        }
    }

    private func enumeration(
        _ enumeration: UnsafeMutablePointer<Google__Protobuf__EnumDescriptorProto>, _ path: [Int32]
    ) -> ProtoEnum {
        let values = elements(enumeration.pointee.value, enumeration.pointee.n_value)
        return ProtoEnum(
            fullName: "\(package).\(text(enumeration.pointee.name))", comment: comments.lines(path),
            values: values.enumerated().map {
                (text($1.pointee.name), $1.pointee.number, comments.lines(path + [2, Int32($0)]))
            })
    }

    private func service(
        _ service: UnsafeMutablePointer<Google__Protobuf__ServiceDescriptorProto>, _ path: [Int32]
    ) -> ProtoService {
        let methods = elements(service.pointee.method, service.pointee.n_method)
        return ProtoService(
            fullName: "\(package).\(text(service.pointee.name))", comment: comments.lines(path),
            methods: methods.enumerated().map { index, method in
                ProtoMethod(
                    name: text(method.pointee.name), comment: comments.lines(path + [2, Int32(index)]),
                    request: String(text(method.pointee.input_type).drop { $0 == "." }),
                    response: String(text(method.pointee.output_type).drop { $0 == "." }),
                    clientStreams: method.pointee.client_streaming != 0,
                    serverStreams: method.pointee.server_streaming != 0)
            })
    }

    /// The file's descriptor for reflection. Locations without a comment, nine tenths of it, are left out, and imports that only
    /// options need: they say nothing about what goes over the wire, and whoever reads the descriptor keeps options that are
    /// not known.
    private func packed() -> [UInt8] {
        let imports = file.pointee.n_dependency
        file.pointee.n_dependency = FileReader.keep(file.pointee.dependency, imports) { name in
            !RecordOption.files.contains(text(name))
        }
        defer { file.pointee.n_dependency = imports }
        guard let info = file.pointee.source_code_info else { return pack(file) }
        let locations = info.pointee.n_location
        info.pointee.n_location = FileReader.keep(info.pointee.location, locations) { location in
            location.map(Comments.isCommented) ?? false
        }
        defer { info.pointee.n_location = locations }
        return pack(file)
    }

    /// Moves the elements to keep to the front, in their order; gives their number. None is lost, so that all can be freed.
    private static func keep<Element>(
        _ array: UnsafeMutablePointer<Element>?, _ count: Int, _ isKept: (Element) -> Bool
    ) -> Int {
        guard let array else { return 0 }
        var kept = 0
        for index in 0..<count where isKept(array[index]) {
            (array[index], array[kept]) = (array[kept], array[index])
            kept += 1
        }
        return kept
    }

    private func pack(_ file: CFile) -> [UInt8] {
        let message = UnsafeMutableRawPointer(file).assumingMemoryBound(to: ProtobufCMessage.self)
        return [UInt8](unsafeUninitializedCapacity: protobuf_c_message_get_packed_size(message)) {
            buffer, count in
            count = buffer.baseAddress.map { protobuf_c_message_pack(message, $0) } ?? 0
        }
    }
}
