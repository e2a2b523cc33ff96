extension CallStatus {
    /// The code of an encoded Status, without reading the rest; INTERNAL for one that is malformed.
    package static func code(of bytes: UnsafeRawBufferPointer) -> StatusCode {
        var reader = ProtoReader(bytes)
        do {
            while let field = try reader.next() {
                if case (1, .varint(let value)) = field {
                    return StatusCode(rawValue: Int32(truncatingIfNeeded: value))
                }
            }
            return .ok
        } catch {
            return .internal
        }
    }
}
