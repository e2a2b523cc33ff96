import CProtobufC

#if canImport(Glibc)
    import Glibc
#endif

/// Elements of repeated fields. Indices are checked.
extension Message {
    package func string(_ field: FieldDescriptor, at index: Int) -> String {
        String(cString: element(field, UnsafePointer<CChar>.self, index).pointee)
    }

    /// The UTF-8 bytes of an element; no copy.
    package func utf8(_ field: FieldDescriptor, at index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(cString: element(field, UnsafePointer<CChar>.self, index).pointee)
    }

    /// The bytes of an element; no copy.
    package func bytes(_ field: FieldDescriptor, at index: Int) -> UnsafeRawBufferPointer {
        let data = element(field, ProtobufCBinaryData.self, index).pointee
        return UnsafeRawBufferPointer(start: data.data, count: data.len)
    }

    package func int32(_ field: FieldDescriptor, at index: Int) -> Int32 {
        element(field, Int32.self, index).pointee
    }

    package func uint32(_ field: FieldDescriptor, at index: Int) -> UInt32 {
        element(field, UInt32.self, index).pointee
    }

    package func int64(_ field: FieldDescriptor, at index: Int) -> Int64 {
        element(field, Int64.self, index).pointee
    }

    package func uint64(_ field: FieldDescriptor, at index: Int) -> UInt64 {
        element(field, UInt64.self, index).pointee
    }

    package func float(_ field: FieldDescriptor, at index: Int) -> Float {
        element(field, Float.self, index).pointee
    }

    package func double(_ field: FieldDescriptor, at index: Int) -> Double {
        element(field, Double.self, index).pointee
    }

    package func bool(_ field: FieldDescriptor, at index: Int) -> Bool {
        element(field, protobuf_c_boolean.self, index).pointee != 0
    }

    package func message(_ field: FieldDescriptor, at index: Int) -> Message {
        guard case .message(let descriptor) = field.kind else {
            preconditionFailure("\(field.name) is no message")
        }
        let raw = element(field, UnsafeMutablePointer<ProtobufCMessage>.self, index).pointee
        return Message(raw: raw, descriptor: descriptor, arena: arena)
    }

    /// Makes room for `count` elements, all zero; each must then be set. Drops the elements there were.
    package func setRepeated(_ field: FieldDescriptor, count: Int) {
        guard count > 0 else { return clear(field) }
        let size = count * Int(field.kind.elementBytes)
        let array = arena.allocate(size)
        array.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        counter(field).pointee = count
        slot(field, UnsafeMutableRawPointer?.self).pointee = array
    }

    package func setString(_ field: FieldDescriptor, at index: Int, _ text: String) {
        element(field, UnsafeMutablePointer<CChar>?.self, index).pointee = arena.string(text)
    }

    package func setString(_ field: FieldDescriptor, at index: Int, utf8: UnsafeRawBufferPointer) {
        element(field, UnsafeMutablePointer<CChar>?.self, index).pointee = arena.string(utf8: utf8)
    }

    package func setBytes(_ field: FieldDescriptor, at index: Int, _ bytes: UnsafeRawBufferPointer) {
        element(field, ProtobufCBinaryData.self, index).pointee = arena.bytes(bytes)
    }

    package func setInt32(_ field: FieldDescriptor, at index: Int, _ value: Int32) {
        element(field, Int32.self, index).pointee = value
    }

    package func setUInt32(_ field: FieldDescriptor, at index: Int, _ value: UInt32) {
        element(field, UInt32.self, index).pointee = value
    }

    package func setInt64(_ field: FieldDescriptor, at index: Int, _ value: Int64) {
        element(field, Int64.self, index).pointee = value
    }

    package func setUInt64(_ field: FieldDescriptor, at index: Int, _ value: UInt64) {
        element(field, UInt64.self, index).pointee = value
    }

    package func setFloat(_ field: FieldDescriptor, at index: Int, _ value: Float) {
        element(field, Float.self, index).pointee = value
    }

    package func setDouble(_ field: FieldDescriptor, at index: Int, _ value: Double) {
        element(field, Double.self, index).pointee = value
    }

    package func setBool(_ field: FieldDescriptor, at index: Int, _ value: Bool) {
        element(field, protobuf_c_boolean.self, index).pointee = value ? 1 : 0
    }

    /// Sets an element; the message must live in the same arena, or longer.
    package func setMessage(_ field: FieldDescriptor, at index: Int, _ message: Message) {
        assert(field.kind == .message(message.descriptor.base), "\(message.descriptor) does not fit \(field.name)")
        element(field, UnsafeMutablePointer<ProtobufCMessage>?.self, index).pointee = message.raw
    }

    /// Sets all elements; the messages must live in the same arena, or longer.
    package func setMessages(_ field: FieldDescriptor, _ messages: [Message]) {
        setRepeated(field, count: messages.count)
        for (index, message) in messages.enumerated() { setMessage(field, at: index, message) }
    }

    /// Sets all elements.
    package func setStrings(_ field: FieldDescriptor, _ texts: [String]) {
        setRepeated(field, count: texts.count)
        for (index, text) in texts.enumerated() { setString(field, at: index, text) }
    }

    /// All elements of a repeated string.
    package func strings(_ field: FieldDescriptor) -> [String] {
        (0..<count(field)).map { string(field, at: $0) }
    }

    /// All elements of a repeated message.
    package func messages(_ field: FieldDescriptor) -> [Message] {
        (0..<count(field)).map { message(field, at: $0) }
    }

    /// Makes the named fields those of the other message, set or not; they share memory afterwards, so the
    /// other message must live in the same arena, or longer.
    package func copyFields(from other: Message, only fields: [FieldDescriptor]) {
        assert(descriptor.base == other.descriptor.base, "\(descriptor) is not \(other.descriptor)")
        for field in fields {
            let size: Int
            if field.isRepeated {
                counter(field).pointee = other.counter(field).pointee
                size = MemoryLayout<UnsafeRawPointer>.size
            } else {
                switch field.kind {
                case .string, .message: size = MemoryLayout<UnsafeRawPointer>.size
                default:
                    if let flag = flag(field), let otherFlag = other.flag(field) {
                        flag.pointee = otherFlag.pointee
                    }
                    size = Int(field.kind.elementBytes)
                }
            }
            UnsafeMutableRawPointer(slot(field, UInt8.self)).copyMemory(
                from: other.slot(field, UInt8.self), byteCount: size)
        }
    }

    @inline(__always)
    private func element<Value>(_ field: FieldDescriptor, _ type: Value.Type, _ index: Int)
        -> UnsafeMutablePointer<Value>
    {
        precondition(index >= 0 && index < counter(field).pointee, "no element \(index) of \(field.name)")
        assert(MemoryLayout<Value>.size == Int(field.kind.elementBytes), "wrong type for \(field.name)")
        guard let array = slot(field, UnsafeMutablePointer<Value>?.self).pointee else {
            preconditionFailure("\(field.name) has a count but no elements")
        }
        return array + index
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a C string, without the NUL.
    init(cString: UnsafePointer<CChar>) {
        self.init(start: cString, count: strlen(cString))
    }
}
