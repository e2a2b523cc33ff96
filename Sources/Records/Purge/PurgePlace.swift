import Tenancy

/// Where a purge stands, as its job keeps it between steps.
struct PurgePlace: Hashable {
    /// The kind of records that it is at.
    var object: String
    /// What was deleted before this moment goes.
    var before: Timestamp
    /// The last record that was looked at in this pass.
    var last: Record?
    /// How often the kind has been gone through: what names others of its kind has to go before them.
    var pass: UInt8 = 0
    /// This pass removed something.
    var hasRemoved = false

    /// A deleted record's place among them.
    struct Record: Hashable {
        let time: Timestamp
        let id: RecordID
    }

    init(object: String, before: Timestamp) { (self.object, self.before) = (object, before) }

    /// Bytes before the name of the kind.
    private static let headBytes = 1 + 1 + 1 + 8 + 8 + 16

    var bytes: [UInt8] {
        var bytes: [UInt8] = [pass, hasRemoved ? 1 : 0, last == nil ? 0 : 1]
        for time in [before, last?.time ?? before] {
            withUnsafeBytes(of: time.microseconds.bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes += last?.id.bytes ?? Array(repeating: 0, count: 16)
        return bytes + Array(object.utf8)
    }

    /// Nil for what is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > Self.headBytes, let id = RecordID(bytes: Array(bytes[19..<35])),
            let object = String(validating: bytes[Self.headBytes...], as: UTF8.self)
        else { return nil }
        func time(_ first: Int) -> Timestamp {
            Timestamp(microseconds: bytes[first..<first + 8].reduce(0) { $0 << 8 | Int64($1) })
        }
        (self.object, before, pass, hasRemoved) = (object, time(3), bytes[0], bytes[1] != 0)
        last = bytes[2] == 0 ? nil : Record(time: time(11), id: id)
    }
}
