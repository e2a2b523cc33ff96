import AccessControl
import Postgres
import RPC
import Tenancy
import Wire

/// Writes records from their rows into a response, each with what the caller may see of it and asked for. Get, BatchGet and List answer by
/// it: making a message of every row first would double their cost.
struct RecordWriter {
    /// The fields that go out, whole or as far as masking leaves them.
    private let shown: [RecordField]
    /// The custom fields that do not.
    private let hidden: [RecordField]
    private let rights: FieldRights
    private let type: RecordType
    private let writer: WireWriter
    private let arena: Arena

    /// Room for a record, to begin with.
    private static let bytesPerRecord = 640

    init(_ call: RecordCall, _ mask: ReadMask, count: Int) {
        type = call.type
        arena = call.context.arena
        writer = WireWriter(capacity: count * Self.bytesPerRecord)
        rights = call.rights
        shown =
            rights.areWhole && mask.isWhole
            ? type.fields : type.fields.filter { [rights] in rights.level(of: $0) != .none && mask.includes($0) }
        hidden = type.customFields.filter { [rights] in rights.level(of: $0) == .none || !mask.includes($0) }
    }

    /// Bytes written.
    var count: Int { writer.count }
    /// What was written.
    var bytes: [UInt8] { writer.bytes }

    func truncate(to count: Int) { writer.truncate(to: count) }

    /// The other fields of the response.
    func write(fieldsOf message: Message) { writer.write(fieldsOf: message) }

    /// The record of a row that begins with `columnList`.
    func write(_ row: Row, as field: FieldDescriptor) throws {
        // A text that is masked is made whole before: a page of such would hold as much as the page limit is to prevent.
        try arena.freeing { try writer.write(field) { () throws in try write(row) } }
    }

    private func write(_ row: Row) throws {
        // What needs a message: values with a structure, and those that are masked.
        var rest: Message?
        for field in shown where !field.isCustom {
            guard let value = row.value(field.firstColumn) else { continue }
            if field.role == .customFields {
                rest = try writeCustom(row, field, into: rest)
                continue
            }
            let isWhole = rights.level(of: field) != .masked
            if isWhole, try field.write(value, row, to: writer, rights) { continue }
            let record = rest ?? Message.make(type.message.base, in: arena)
            try field.read(row, field.firstColumn, into: record)
            if !isWhole { Masking.mask(field, in: record) }
            rest = record
        }
        if let rest { writer.write(fieldsOf: rest) }
    }

    private func writeCustom(_ row: Row, _ column: RecordField, into rest: Message?) throws -> Message? {
        guard type.added != nil else { return rest }
        let values = Message.make(type.message, in: arena)
        try column.read(row, column.firstColumn, into: values)
        for field in hidden { values.clear(field.descriptor) }
        for field in type.customFields where rights.level(of: field) == .masked { Masking.mask(field, in: values) }
        let record = rest ?? Message.make(type.message.base, in: arena)
        type.tell(values, into: record)
        return record
    }
}

extension RecordField {
    /// Writes a value that is not NULL; false for one that needs a message.
    fileprivate func write(
        _ value: UnsafeRawBufferPointer, _ row: Row, to writer: WireWriter, _ rights: FieldRights
    ) throws -> Bool {
        switch kind {
        case .text: writer.write(descriptor, utf8: value)
        case .id:
            let id = try row.id(firstColumn)
            writer.write(descriptor, byteCount: RecordID.textBytes) { id.write(to: $0) }
        case .idArray:
            for id in try row.ids(firstColumn) where role != .tags || rights.sees(tag: id) {
                writer.write(descriptor, byteCount: RecordID.textBytes) { id.write(to: $0) }
            }
        case .int32, .enumeration, .int64:
            guard descriptor.isVarint else { return false }
            writer.write(descriptor, try row.int64(firstColumn))
        case .double: writer.write(descriptor, try row.double(firstColumn))
        case .bool: writer.write(descriptor, try row.bool(firstColumn))
        case .time(let fields):
            let time = try row.timestamp(firstColumn)
            writer.write(descriptor) { writer.write(time, fields) }
        case .money(let fields):
            let minorUnits = try row.int64(firstColumn)
            writer.write(descriptor) {
                writer.write(fields.minorUnits, minorUnits)
                if let currency = row.value(firstColumn + 1) { writer.write(fields.currency, utf8: currency) }
            }
        case .date, .textArray, .json: return false
        }
        return true
    }
}

extension FieldDescriptor {
    fileprivate var isVarint: Bool {
        switch kind {
        case .int32, .int64, .enumeration: true
        default: false
        }
    }
}

extension WireWriter {
    /// The fields of google.protobuf.Timestamp, of which proto3 leaves out what is 0.
    fileprivate func write(_ time: Timestamp, _ fields: TimestampFields) {
        let (seconds, nanos) = time.secondsAndNanos
        if seconds != 0 { write(fields.seconds, seconds) }
        if nanos != 0 { write(fields.nanos, Int64(nanos)) }
    }
}
