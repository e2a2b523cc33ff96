import CProtobufC

/// Values of fields that are not repeated. Getters answer what the C struct holds; ask `has` whether it is
/// set.
extension Message {
    /// Text, or nil when it is not set.
    package func string(_ field: FieldDescriptor) -> String? {
        slot(field, UnsafePointer<CChar>?.self).pointee.map { String(cString: $0) }
    }

    /// The UTF-8 bytes of a text, or nil when it is not set; no copy.
    package func utf8(_ field: FieldDescriptor) -> UnsafeRawBufferPointer? {
        slot(field, UnsafePointer<CChar>?.self).pointee.map { UnsafeRawBufferPointer(cString: $0) }
    }

    /// The bytes, no copy.
    package func bytes(_ field: FieldDescriptor) -> UnsafeRawBufferPointer {
        let data = slot(field, ProtobufCBinaryData.self).pointee
        return UnsafeRawBufferPointer(start: data.data, count: data.len)
    }

    /// An int32, sint32, sfixed32 or the number of an enum.
    package func int32(_ field: FieldDescriptor) -> Int32 { slot(field, Int32.self).pointee }

    package func uint32(_ field: FieldDescriptor) -> UInt32 { slot(field, UInt32.self).pointee }

    package func int64(_ field: FieldDescriptor) -> Int64 { slot(field, Int64.self).pointee }

    package func uint64(_ field: FieldDescriptor) -> UInt64 { slot(field, UInt64.self).pointee }

    package func float(_ field: FieldDescriptor) -> Float { slot(field, Float.self).pointee }

    package func double(_ field: FieldDescriptor) -> Double { slot(field, Double.self).pointee }

    package func bool(_ field: FieldDescriptor) -> Bool { slot(field, protobuf_c_boolean.self).pointee != 0 }

    /// The submessage, or nil when it is not set.
    package func message(_ field: FieldDescriptor) -> Message? {
        guard case .message(let descriptor) = field.kind else {
            preconditionFailure("\(field.name) is no message")
        }
        guard let raw = slot(field, UnsafeMutablePointer<ProtobufCMessage>?.self).pointee else { return nil }
        return Message(raw: raw, descriptor: descriptor, arena: arena)
    }

    /// Copies the text into the arena.
    package func setString(_ field: FieldDescriptor, _ text: String) {
        slot(field, UnsafeMutablePointer<CChar>?.self).pointee = arena.string(text)
    }

    /// Copies the text into the arena.
    package func setString(_ field: FieldDescriptor, utf8: UnsafeRawBufferPointer) {
        slot(field, UnsafeMutablePointer<CChar>?.self).pointee = arena.string(utf8: utf8)
    }

    /// Copies the bytes into the arena.
    package func setBytes(_ field: FieldDescriptor, _ bytes: UnsafeRawBufferPointer) {
        set(field, arena.bytes(bytes))
    }

    /// Copies the bytes into the arena.
    package func setBytes(_ field: FieldDescriptor, _ bytes: [UInt8]) {
        set(field, arena.bytes(bytes))
    }

    package func setInt32(_ field: FieldDescriptor, _ value: Int32) { set(field, value) }

    package func setUInt32(_ field: FieldDescriptor, _ value: UInt32) { set(field, value) }

    package func setInt64(_ field: FieldDescriptor, _ value: Int64) { set(field, value) }

    package func setUInt64(_ field: FieldDescriptor, _ value: UInt64) { set(field, value) }

    package func setFloat(_ field: FieldDescriptor, _ value: Float) { set(field, value) }

    package func setDouble(_ field: FieldDescriptor, _ value: Double) { set(field, value) }

    package func setBool(_ field: FieldDescriptor, _ value: Bool) {
        set(field, value ? 1 : 0 as protobuf_c_boolean)
    }

    /// Sets the submessage; it must live in the same arena, or longer.
    package func setMessage(_ field: FieldDescriptor, _ message: Message) {
        assert(field.kind == .message(message.descriptor.base), "\(message.descriptor) does not fit \(field.name)")
        slot(field, UnsafeMutablePointer<ProtobufCMessage>?.self).pointee = message.raw
    }

    /// Sets a new, empty submessage and gives it.
    package func makeMessage(_ field: FieldDescriptor) -> Message {
        guard case .message(let descriptor) = field.kind else {
            preconditionFailure("\(field.name) is no message")
        }
        let message = Message.make(descriptor, in: arena)
        setMessage(field, message)
        return message
    }

    private func set<Value>(_ field: FieldDescriptor, _ value: Value) {
        assert(!field.isRepeated, "\(field.name) is repeated")
        slot(field, Value.self).pointee = value
        flag(field)?.pointee = 1
    }
}
