import CProtobufC

/// Where the fields of a message stand in its C struct.
struct FieldLayout {
    private var size: Int

    /// - Parameter bytes: what comes before the fields.
    init(behind bytes: Int) { size = bytes }

    /// Memory of the struct.
    var structBytes: Int { (size + 7) / 8 * 8 }

    /// As protoc-c lays out: a count or flag where the type needs one, then the value or the pointer to it.
    mutating func place(_ field: inout ProtobufCFieldDescriptor) {
        if field.label == PROTOBUF_C_LABEL_REPEATED {
            field.quantifier_offset = take(MemoryLayout<Int>.size)
            field.offset = take(MemoryLayout<UnsafeRawPointer>.size)
            return
        }
        if field.type == PROTOBUF_C_TYPE_STRING || field.type == PROTOBUF_C_TYPE_MESSAGE {
            field.offset = take(MemoryLayout<UnsafeRawPointer>.size)
            return
        }
        field.quantifier_offset = take(MemoryLayout<protobuf_c_boolean>.size)
        field.offset =
            field.type == PROTOBUF_C_TYPE_BYTES
            ? take(MemoryLayout<ProtobufCBinaryData>.size, alignment: 8) : take(Self.scalarBytes(field.type))
    }

    private mutating func take(_ bytes: Int, alignment: Int? = nil) -> UInt32 {
        let alignment = alignment ?? bytes
        size = (size + alignment - 1) / alignment * alignment
        defer { size += bytes }
        return UInt32(size)
    }

    private static func scalarBytes(_ type: ProtobufCType) -> Int {
        switch type {
        case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_UINT64,
            PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE:
            8
        default: 4
        }
    }
}
