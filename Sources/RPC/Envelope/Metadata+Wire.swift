/// Metadata on the wire: the same Entry message in a Start (field 6) and as header of an answer (field 3).
extension Metadata {
    /// The field that carries entries in a Start.
    package static let startField: UInt8 = 6
    /// The field that carries entries in a Frame.
    package static let headerField: UInt8 = 3

    /// Reads consecutive entries with their tags.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        self.init()
        var reader = ProtoReader(bytes)
        while let (_, value) = try reader.next() {
            guard case .bytes(let entry) = value else {
                throw EnvelopeError("A metadata entry is not a message.")
            }
            try append(parsing: entry)
        }
    }

    private mutating func append(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        var key = ""
        var content: [UInt8] = []
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .bytes(let text)): key = String(decoding: text, as: UTF8.self)
            case (2, .bytes(let value)): content = Array(value)
            default: break
            }
        }
        append(key, content)
    }

    /// The entries with their tags, as field `number`.
    package func encoded(as number: UInt8) -> [UInt8] {
        var builder = ProtoBuilder()
        for entry in entries {
            builder.message(number) { inner in
                inner.field(1, text: entry.key)
                inner.field(2, entry.value)
            }
        }
        return builder.bytes
    }

    /// Keys that begin so are for the programs of an installation among themselves.
    package static let reservedPrefix = "steward-"

    /// The first entry whose key is not 1 to 64 of a-z, 0-9, - and _, or is reserved; nil when all are well formed.
    package func firstBadKey(acceptsReserved: Bool) -> String? {
        entries.first { entry in
            let key = entry.key.utf8
            let isWellFormed =
                (1...64).contains(key.count)
                && key.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                }
            return !isWellFormed || (!acceptsReserved && entry.key.hasPrefix(Self.reservedPrefix))
        }?.key
    }
}
