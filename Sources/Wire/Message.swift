package import CProtobufC

/// A message in the arena of one call: a C struct of protobuf-c and its descriptor.
///
/// The accessors trap in debug builds when the field is of another message or type. Values are valid as long
/// as the arena.
///
/// SAFETY: points into an arena that belongs to one call on one event loop.
package struct Message: @unchecked Sendable {
    package let raw: UnsafeMutablePointer<ProtobufCMessage>
    package let descriptor: MessageDescriptor
    package let arena: Arena

    package init(raw: UnsafeMutablePointer<ProtobufCMessage>, descriptor: MessageDescriptor, arena: Arena) {
        self.raw = raw
        self.descriptor = descriptor
        self.arena = arena
    }

    /// An empty message.
    package static func make(_ descriptor: MessageDescriptor, in arena: Arena) -> Message {
        let memory = arena.allocate(descriptor.table.pointee.structBytes)
        let raw = memory.assumingMemoryBound(to: ProtobufCMessage.self)
        let initialise = descriptor.raw.pointee.message_init
        if initialise == nil || descriptor.table.pointee.base != nil {
            // A descriptor or fields made at run time: none has a default.
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: descriptor.table.pointee.structBytes)
            raw.pointee.descriptor = descriptor.raw
        }
        initialise?(raw)
        return Message(raw: raw, descriptor: descriptor, arena: arena)
    }

    /// The struct that protoc-c generated for this message. The caller names the right one.
    @inline(__always)
    package func `as`<Struct>(_ type: Struct.Type) -> UnsafeMutablePointer<Struct> {
        assert(
            MemoryLayout<Struct>.size == descriptor.raw.pointee.sizeof_message, "\(type) is not \(descriptor)"
        )
        return UnsafeMutableRawPointer(raw).assumingMemoryBound(to: Struct.self)
    }

    /// Where the field's value is, as `type`.
    @inline(__always)
    func slot<Value>(_ field: FieldDescriptor, _ type: Value.Type) -> UnsafeMutablePointer<Value> {
        assert(descriptor.owns(field), "\(field.name) is not a field of \(descriptor)")
        return (UnsafeMutableRawPointer(raw) + field.offset).assumingMemoryBound(to: Value.self)
    }

    /// Where the has_ flag of an optional number, truth value or bytes field is. Nil for fields of proto3
    /// (google.protobuf.Timestamp) and required ones, which have none.
    @inline(__always)
    func flag(_ field: FieldDescriptor) -> UnsafeMutablePointer<protobuf_c_boolean>? {
        guard field.raw.pointee.label == PROTOBUF_C_LABEL_OPTIONAL else { return nil }
        return (UnsafeMutableRawPointer(raw) + field.quantifierOffset).assumingMemoryBound(
            to: protobuf_c_boolean.self)
    }

    /// Where the count of a repeated field is.
    @inline(__always)
    func counter(_ field: FieldDescriptor) -> UnsafeMutablePointer<Int> {
        assert(field.isRepeated, "\(field.name) is not repeated")
        return (UnsafeMutableRawPointer(raw) + field.quantifierOffset).assumingMemoryBound(to: Int.self)
    }

    /// Whether the field is set; for a repeated one, whether it has elements; for a number of proto3, whether
    /// it is not 0.
    package func has(_ field: FieldDescriptor) -> Bool {
        if field.isRepeated { return counter(field).pointee > 0 }
        switch field.kind {
        case .string, .message:
            let pointer = slot(field, UnsafeRawPointer?.self).pointee
            return pointer != nil && pointer != field.raw.pointee.default_value
        default:
            if let flag = flag(field) { return flag.pointee != 0 }
            return valueBytes(field).contains { $0 != 0 }
        }
    }

    /// The bytes of a value that is kept in the struct itself.
    private func valueBytes(_ field: FieldDescriptor) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: slot(field, UInt8.self), count: Int(field.kind.elementBytes))
    }

    /// Number of elements of a repeated field.
    package func count(_ field: FieldDescriptor) -> Int {
        counter(field).pointee
    }

    /// Makes the field unset, or empty.
    package func clear(_ field: FieldDescriptor) {
        if field.isRepeated {
            counter(field).pointee = 0
            slot(field, UnsafeMutableRawPointer?.self).pointee = nil
            return
        }
        switch field.kind {
        case .string, .message: slot(field, UnsafeRawPointer?.self).pointee = field.raw.pointee.default_value
        default:
            flag(field)?.pointee = 0
            valueBytes(field).initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    /// What the message itself holds, without what its texts and nested messages do: equal as long as no field was set or cleared.
    package var ownBytes: [UInt8] {
        [UInt8](UnsafeRawBufferPointer(start: UnsafeRawPointer(raw), count: descriptor.table.pointee.structBytes))
    }
}
