import CPostgres
package import Tenancy

/// The rows that one statement returned, in PostgreSQL's binary form. Values are decoded when they are asked for.
package final class Rows: Sendable, RandomAccessCollection {
    let result: LibpqResult
    package let count: Int
    package let columnCount: Int

    init(_ result: LibpqResult) {
        self.result = result
        count = Int(PQntuples(result.raw))
        columnCount = Int(PQnfields(result.raw))
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { count }

    package subscript(index: Int) -> Row {
        precondition(index >= 0 && index < count, "row \(index) of \(count)")
        return Row(rows: self, index: Int32(index))
    }

    package func columnName(_ column: Int) -> String {
        PQfname(result.raw, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// The only row of a query that returns exactly one.
    package func one() throws(PostgresError) -> Row {
        guard count == 1 else { throw PostgresError(.unexpectedResult, "\(count) rows instead of one") }
        return self[0]
    }
}

/// One row. Every accessor throws `.unexpectedResult` when the value is NULL or has another width than asked for, so
/// that a schema that differs from the program's fails the call and not the process.
package struct Row {
    let rows: Rows
    let index: Int32

    package func isNull(_ column: Int) -> Bool {
        PQgetisnull(rows.result.raw, index, Int32(column)) == 1
    }

    /// The value's binary form; nil for NULL. Valid as long as the `Rows` lives.
    package func value(_ column: Int) -> UnsafeRawBufferPointer? {
        let bytes = bytes(column)
        // What has bytes is not NULL.
        return bytes.isEmpty && isNull(column) ? nil : bytes
    }

    /// The value's binary form; empty for NULL. Valid as long as the `Rows` lives.
    package func bytes(_ column: Int) -> UnsafeRawBufferPointer {
        let length = Int(PQgetlength(rows.result.raw, index, Int32(column)))
        return UnsafeRawBufferPointer(start: PQgetvalue(rows.result.raw, index, Int32(column)), count: length)
    }

    /// An int2, int4 or int8.
    package func int64(_ column: Int) throws(PostgresError) -> Int64 {
        let bytes = try present(column)
        switch bytes.count {
        case 8: return Int64(bitPattern: Row.load(bytes))
        case 4: return Int64(Int32(bitPattern: Row.load(bytes)))
        case 2: return Int64(Int16(bitPattern: Row.load(bytes)))
        default: throw mismatch(column, "an integer")
        }
    }

    package func int32(_ column: Int) throws(PostgresError) -> Int32 {
        guard let number = Int32(exactly: try int64(column)) else { throw mismatch(column, "an int4") }
        return number
    }

    package func bool(_ column: Int) throws(PostgresError) -> Bool {
        try present(column, width: 1, "a bool")[0] != 0
    }

    package func double(_ column: Int) throws(PostgresError) -> Double {
        Double(bitPattern: Row.load(try present(column, width: 8, "a float8")))
    }

    /// Text, or any type whose binary form is its text.
    package func string(_ column: Int) throws(PostgresError) -> String {
        String(decoding: try present(column), as: UTF8.self)
    }

    package func id(_ column: Int) throws(PostgresError) -> RecordID {
        guard let id = RecordID(bytes: try present(column)) else { throw mismatch(column, "a uuid") }
        return id
    }

    /// A timestamptz. The infinities become the ends of `Timestamp`.
    package func timestamp(_ column: Int) throws(PostgresError) -> Timestamp {
        let stored = Int64(bitPattern: Row.load(try present(column, width: 8, "a timestamptz")))
        guard stored != .min else { return Timestamp(microseconds: .min) }
        let (shifted, overflow) = stored.addingReportingOverflow(PostgresEpoch.microsecondsSince1970)
        return Timestamp(microseconds: overflow ? .max : shifted)
    }

    package func day(_ column: Int) throws(PostgresError) -> CalendarDay {
        let stored = Int32(bitPattern: Row.load(try present(column, width: 4, "a date")))
        return CalendarDay(daysSince1970: Int(stored) + PostgresEpoch.daysSince1970)
    }

    /// The text of a jsonb. Valid as long as the `Rows` lives.
    package func json(_ column: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
        let bytes = try present(column)
        guard bytes.first == Parameters.jsonbVersion else { throw mismatch(column, "a jsonb") }
        return UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
    }

    private func present(_ column: Int) throws(PostgresError) -> UnsafeRawBufferPointer {
        guard column < rows.columnCount else { throw mismatch(column, "present") }
        guard let bytes = value(column) else { throw mismatch(column, "without NULL") }
        return bytes
    }

    private func present(
        _ column: Int, width: Int, _ expected: StaticString
    ) throws(PostgresError) -> UnsafeRawBufferPointer {
        let bytes = try present(column)
        guard bytes.count == width else { throw mismatch(column, expected) }
        return bytes
    }

    func mismatch(_ column: Int, _ expected: StaticString) -> PostgresError {
        let name = column < rows.columnCount ? rows.columnName(column) : "beyond the last"
        return PostgresError(.unexpectedResult, "column \(column) (\(name)) is not \(expected)", column: name)
    }

    static func load<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer) -> Number {
        Number(bigEndian: bytes.loadUnaligned(as: Number.self))
    }
}

// NULL becomes nil.
extension Row {
    package func optionalInt64(_ column: Int) throws(PostgresError) -> Int64? {
        isNull(column) ? nil : try int64(column)
    }

    package func optionalString(_ column: Int) throws(PostgresError) -> String? {
        isNull(column) ? nil : try string(column)
    }

    package func optionalID(_ column: Int) throws(PostgresError) -> RecordID? {
        isNull(column) ? nil : try id(column)
    }

    package func optionalTimestamp(_ column: Int) throws(PostgresError) -> Timestamp? {
        isNull(column) ? nil : try timestamp(column)
    }
}
