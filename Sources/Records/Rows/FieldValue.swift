import Tenancy
import Wire

/// A value of a field in memory, as filters, sort keys and checks compare it.
enum FieldValue: Hashable, Sendable {
    case text(String)
    case id(RecordID)
    case integer(Int64)
    case number(Double)
    case flag(Bool)
    case time(Timestamp)
    case date(CalendarDay)
    case money(minorUnits: Int64, currency: String)

    /// Of an amount of money.
    var minorUnits: Int64? { if case .money(let minorUnits, _) = self { minorUnits } else { nil } }

    /// Of an amount of money.
    var currency: String? { if case .money(_, let currency) = self { currency } else { nil } }
}

extension Message {
    /// A google.protobuf.Timestamp as a point in time; nanoseconds are cut to microseconds.
    func timestamp(_ fields: TimestampFields) -> Timestamp {
        let (whole, overflow) = int64(fields.seconds).multipliedReportingOverflow(by: 1_000_000)
        let (sum, carry) = whole.addingReportingOverflow(Int64(int32(fields.nanos)) / 1000)
        return Timestamp(microseconds: overflow || carry ? (int64(fields.seconds) < 0 ? .min : .max) : sum)
    }

    /// Makes this google.protobuf.Timestamp the point in time.
    func set(_ time: Timestamp, _ fields: TimestampFields) {
        let (seconds, nanos) = time.secondsAndNanos
        setInt64(fields.seconds, seconds)
        setInt32(fields.nanos, nanos)
    }

    /// Sets a text field to the hyphenated form of an id.
    func setID(_ field: FieldDescriptor, _ id: RecordID) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { buffer in
            id.write(to: buffer)
            setString(field, utf8: UnsafeRawBufferPointer(buffer))
        }
    }

    /// A text field as an id; nil when it is not set or no id.
    func id(_ field: FieldDescriptor) -> RecordID? {
        utf8(field).flatMap { RecordID(utf8: $0) }
    }
}

extension RecordField {
    /// The value in a record; nil when it is not set, and for fields of several parts (money, arrays, jsonb).
    func value(in record: Message) -> FieldValue? {
        guard record.has(descriptor) else { return nil }
        switch kind {
        case .text: return record.string(descriptor).map { .text($0) }
        case .id: return record.id(descriptor).map { .id($0) }
        case .int32, .enumeration: return .integer(Int64(record.int32(descriptor)))
        case .int64: return .integer(record.int64(descriptor))
        case .double: return .number(record.double(descriptor))
        case .bool: return .flag(record.bool(descriptor))
        case .time(let fields): return record.message(descriptor).map { .time($0.timestamp(fields)) }
        case .date: return record.string(descriptor).flatMap { CalendarDay($0) }.map { .date($0) }
        case .idArray, .textArray, .money, .json: return nil
        }
    }

    /// Sets a value of the field's own type.
    func set(_ value: FieldValue, in record: Message) {
        switch (kind, value) {
        case (.text, .text(let text)): record.setString(descriptor, text)
        case (.id, .id(let id)): record.setID(descriptor, id)
        case (.int32, .integer(let number)), (.enumeration, .integer(let number)):
            record.setInt32(descriptor, Int32(clamping: number))
        case (.int64, .integer(let number)): record.setInt64(descriptor, number)
        case (.double, .number(let number)): record.setDouble(descriptor, number)
        case (.bool, .flag(let flag)): record.setBool(descriptor, flag)
        case (.time(let fields), .time(let time)): record.makeMessage(descriptor).set(time, fields)
        case (.date, .date(let day)): record.setString(descriptor, day.text)
        default: preconditionFailure("\(value) does not fit \(name)")
        }
    }

    /// Both records hold the same in this field, unset being different from empty.
    func isSame(in one: Message, _ other: Message) -> Bool {
        guard one.has(descriptor) == other.has(descriptor) else { return false }
        guard one.has(descriptor) else { return true }
        switch kind {
        case .money, .json, .idArray, .textArray:
            var left = JSONWriter()
            var right = JSONWriter()
            left.write(descriptor, of: one)
            right.write(descriptor, of: other)
            return left.bytes == right.bytes
        default: return value(in: one) == value(in: other)
        }
    }
}
