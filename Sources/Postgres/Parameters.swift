package import Tenancy

/// The values bound to a statement's `$1`, `$2`, … in that order, in PostgreSQL's binary form.
///
/// All values lie in one buffer, so building them costs two allocations whatever their number. A statement must be
/// used with the same types every time: they become the types of its prepared form.
package struct Parameters: Sendable {
    /// One value: its type and where it lies in `bytes`; a length of -1 means NULL.
    struct Entry: Sendable {
        let type: PostgresType
        let offset: Int32
        let length: Int32
    }

    private(set) var entries: [Entry] = []
    private(set) var bytes: [UInt8] = []

    /// The best plan of a statement depends on these values: it is planned for them each time, and not prepared. PostgreSQL would settle on
    /// one plan for all otherwise, after the first few.
    private(set) var arePlannedFor = false

    package init() {}

    package mutating func planAnew() { arePlannedFor = true }

    /// Makes room for so many values, of `byteCount` bytes in all.
    package init(reservingBytes byteCount: Int, values count: Int = 8) {
        bytes.reserveCapacity(byteCount)
        entries.reserveCapacity(count)
    }

    /// The number of values.
    package var count: Int { entries.count }

    /// All values, each with its length before it: the same for the same values of a statement, and for no others.
    package var framedBytes: [UInt8] {
        entries.reduce(into: []) { framed, entry in
            withUnsafeBytes(of: entry.length.bigEndian) { framed.append(contentsOf: $0) }
            if entry.length > 0 { framed += bytes[Int(entry.offset)..<Int(entry.offset + entry.length)] }
        }
    }

    package mutating func append(_ value: Bool) { appendInteger(UInt8(value ? 1 : 0), .bool) }
    package mutating func append(_ value: Int16) { appendInteger(value, .int2) }
    package mutating func append(_ value: Int32) { appendInteger(value, .int4) }
    package mutating func append(_ value: Int64) { appendInteger(value, .int8) }
    package mutating func append(_ value: Double) { appendInteger(value.bitPattern, .float8) }

    /// Binds text. PostgreSQL refuses a NUL character inside (SQLSTATE 22021).
    package mutating func append(_ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        close(.text, from: start)
    }

    /// Binds text from valid UTF-8.
    package mutating func appendText(utf8: UnsafeRawBufferPointer) {
        let start = bytes.count
        bytes.append(contentsOf: utf8)
        close(.text, from: start)
    }

    package mutating func append(_ value: RecordID) {
        let start = bytes.count
        value.withBytes { bytes.append(contentsOf: $0) }
        close(.uuid, from: start)
    }

    package mutating func append(_ value: Timestamp) {
        let (shifted, overflow) = value.microseconds.subtractingReportingOverflow(
            PostgresEpoch.microsecondsSince1970)
        // A time outside Int64 is further away than any that PostgreSQL knows: it becomes -infinity.
        appendInteger(overflow ? Int64.min : shifted, .timestamptz)
    }

    package mutating func append(_ value: CalendarDay) {
        appendInteger(Int32(clamping: value.daysSince1970 - PostgresEpoch.daysSince1970), .date)
    }

    /// Binds bytea.
    package mutating func append(_ value: [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: value)
        close(.bytea, from: start)
    }

    /// Binds bytea.
    package mutating func append(_ value: UnsafeRawBufferPointer) {
        let start = bytes.count
        bytes.append(contentsOf: value)
        close(.bytea, from: start)
    }

    /// Binds jsonb from its text.
    package mutating func appendJSON(_ text: String) {
        let start = bytes.count
        bytes.append(Parameters.jsonbVersion)
        bytes.append(contentsOf: text.utf8)
        close(.jsonb, from: start)
    }

    /// Binds jsonb from its text in UTF-8.
    package mutating func appendJSON(utf8: UnsafeRawBufferPointer) {
        let start = bytes.count
        bytes.append(Parameters.jsonbVersion)
        bytes.append(contentsOf: utf8)
        close(.jsonb, from: start)
    }

    package mutating func appendNull(_ type: PostgresType) {
        entries.append(Entry(type: type, offset: Int32(bytes.count), length: -1))
    }

    /// The first byte of jsonb's binary form.
    static let jsonbVersion: UInt8 = 1

    private mutating func appendInteger(_ value: some FixedWidthInteger, _ type: PostgresType) {
        let start = bytes.count
        appendRaw(value)
        close(type, from: start)
    }

    private mutating func appendRaw(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func close(_ type: PostgresType, from start: Int) {
        entries.append(
            Entry(type: type, offset: Int32(start), length: Int32(bytes.count - start)))
    }
}

// Arrays: dimensions, a flag for NULLs, the element's oid, length, lower bound, then each element with its length.
extension Parameters {
    package mutating func append(_ values: [RecordID]) {
        appendArray(values, .uuidArray, element: .uuid) { id, bytes in
            id.withBytes { bytes.append(contentsOf: $0) }
        }
    }

    package mutating func append(_ values: [String]) {
        appendArray(values, .textArray, element: .text) { $1.append(contentsOf: $0.utf8) }
    }

    package mutating func append(_ values: [Int64]) {
        appendArray(values, .int8Array, element: .int8) { value, bytes in
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    package mutating func append(_ values: [Int32]) {
        appendArray(values, .int4Array, element: .int4) { value, bytes in
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
    }

    /// Binds jsonb[] from the texts of its elements.
    package mutating func appendJSON(_ texts: [String]) {
        appendArray(texts, .jsonbArray, element: .jsonb) { text, bytes in
            bytes.append(Parameters.jsonbVersion)
            bytes.append(contentsOf: text.utf8)
        }
    }

    private mutating func appendArray<Element>(
        _ values: [Element], _ type: PostgresType, element: PostgresType,
        _ write: (Element, inout [UInt8]) -> Void
    ) {
        let start = bytes.count
        appendRaw(Int32(values.isEmpty ? 0 : 1))
        appendRaw(Int32(0))
        appendRaw(element.rawValue)
        if !values.isEmpty {
            appendRaw(Int32(values.count))
            appendRaw(Int32(1))
        }
        for value in values {
            let slot = bytes.count
            appendRaw(Int32(0))
            write(value, &bytes)
            let length = Int32(bytes.count - slot - 4)
            withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(slot..<slot + 4, with: $0) }
        }
        close(type, from: start)
    }
}

// Optional values: nil binds NULL of the value's type.
extension Parameters {
    package mutating func append(_ value: Bool?) { value.map { append($0) } ?? appendNull(.bool) }
    package mutating func append(_ value: Int32?) { value.map { append($0) } ?? appendNull(.int4) }
    package mutating func append(_ value: Int64?) { value.map { append($0) } ?? appendNull(.int8) }
    package mutating func append(_ value: Double?) { value.map { append($0) } ?? appendNull(.float8) }
    package mutating func append(_ value: String?) { value.map { append($0) } ?? appendNull(.text) }
    package mutating func append(_ value: RecordID?) { value.map { append($0) } ?? appendNull(.uuid) }
    package mutating func append(_ value: Timestamp?) {
        value.map { append($0) } ?? appendNull(.timestamptz)
    }
    package mutating func append(_ value: CalendarDay?) { value.map { append($0) } ?? appendNull(.date) }
    package mutating func append(_ value: [UInt8]?) { value.map { append($0) } ?? appendNull(.bytea) }
    package mutating func append(_ value: [RecordID]?) {
        value.map { append($0) } ?? appendNull(.uuidArray)
    }
    package mutating func append(_ value: [String]?) {
        value.map { append($0) } ?? appendNull(.textArray)
    }
}
