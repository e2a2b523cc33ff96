package import CProtobufC

/// The shape of a field: name, number, type and place in the C struct.
package struct FieldDescriptor: Hashable, @unchecked Sendable {
    // SAFETY: points to facts that are complete, never changed and never freed (DescriptorTables).
    let facts: UnsafePointer<FieldFacts>

    /// The type of a field's value.
    package enum Kind: Hashable, Sendable {
        case int32, sint32, sfixed32, int64, sint64, sfixed64
        case uint32, fixed32, uint64, fixed64
        case float, double, bool
        case enumeration(EnumDescriptor)
        case string, bytes
        case message(MessageDescriptor)
    }

    init(facts: UnsafePointer<FieldFacts>) {
        self.facts = facts
    }

    /// The descriptor that protoc-c generated.
    package var raw: UnsafePointer<ProtobufCFieldDescriptor> { facts.pointee.raw }

    /// Name in the proto file, as in display_name.
    package var name: String { facts.pointee.name }

    package var number: UInt32 { raw.pointee.id }

    package var kind: Kind { facts.pointee.kind }

    package var isRepeated: Bool { raw.pointee.label == PROTOBUF_C_LABEL_REPEATED }

    /// Place of the value, or of the pointer to it, in the C struct, in bytes.
    package var offset: Int { Int(raw.pointee.offset) }

    /// Place of the has_ flag or, for a repeated field, of the count, in bytes; 0 where there is none.
    package var quantifierOffset: Int { Int(raw.pointee.quantifier_offset) }
}

extension FieldDescriptor.Kind {
    init(_ field: ProtobufCFieldDescriptor, message: MessageDescriptor?) {
        if let message {
            self = .message(message)
            return
        }
        switch field.type {
        case PROTOBUF_C_TYPE_INT32: self = .int32
        case PROTOBUF_C_TYPE_SINT32: self = .sint32
        case PROTOBUF_C_TYPE_SFIXED32: self = .sfixed32
        case PROTOBUF_C_TYPE_INT64: self = .int64
        case PROTOBUF_C_TYPE_SINT64: self = .sint64
        case PROTOBUF_C_TYPE_SFIXED64: self = .sfixed64
        case PROTOBUF_C_TYPE_UINT32: self = .uint32
        case PROTOBUF_C_TYPE_FIXED32: self = .fixed32
        case PROTOBUF_C_TYPE_UINT64: self = .uint64
        case PROTOBUF_C_TYPE_FIXED64: self = .fixed64
        case PROTOBUF_C_TYPE_FLOAT: self = .float
        case PROTOBUF_C_TYPE_DOUBLE: self = .double
        case PROTOBUF_C_TYPE_BOOL: self = .bool
        case PROTOBUF_C_TYPE_STRING: self = .string
        case PROTOBUF_C_TYPE_BYTES: self = .bytes
        case PROTOBUF_C_TYPE_ENUM:
            self = .enumeration(
                EnumDescriptor(field.descriptor.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)))
        default: preconditionFailure("protobuf-c has a type that Wire does not know: \(field.type.rawValue)")
        }
    }

    /// As protobuf-c calls it.
    var type: ProtobufCType {
        switch self {
        case .int32: PROTOBUF_C_TYPE_INT32
        case .sint32: PROTOBUF_C_TYPE_SINT32
        case .sfixed32: PROTOBUF_C_TYPE_SFIXED32
        case .int64: PROTOBUF_C_TYPE_INT64
        case .sint64: PROTOBUF_C_TYPE_SINT64
        case .sfixed64: PROTOBUF_C_TYPE_SFIXED64
        case .uint32: PROTOBUF_C_TYPE_UINT32
        case .fixed32: PROTOBUF_C_TYPE_FIXED32
        case .uint64: PROTOBUF_C_TYPE_UINT64
        case .fixed64: PROTOBUF_C_TYPE_FIXED64
        case .float: PROTOBUF_C_TYPE_FLOAT
        case .double: PROTOBUF_C_TYPE_DOUBLE
        case .bool: PROTOBUF_C_TYPE_BOOL
        case .enumeration: PROTOBUF_C_TYPE_ENUM
        case .string: PROTOBUF_C_TYPE_STRING
        case .bytes: PROTOBUF_C_TYPE_BYTES
        case .message: PROTOBUF_C_TYPE_MESSAGE
        }
    }

    /// Memory of one element in the array of a repeated field.
    var elementBytes: UInt32 {
        switch self {
        case .int32, .sint32, .sfixed32, .uint32, .fixed32, .float, .bool, .enumeration: 4
        case .int64, .sint64, .sfixed64, .uint64, .fixed64, .double, .string, .message: 8
        case .bytes: UInt32(MemoryLayout<ProtobufCBinaryData>.stride)
        }
    }
}

extension FieldRule.Check {
    init(_ kind: FieldDescriptor.Kind) {
        switch kind {
        case .int32, .sint32, .int64, .sint64, .uint32, .uint64, .bool, .enumeration: self = .varint
        case .sfixed32, .fixed32, .float: self = .fixed32
        case .sfixed64, .fixed64, .double: self = .fixed64
        case .string: self = .text
        case .bytes: self = .bytes
        case .message: self = .message
        }
    }
}
