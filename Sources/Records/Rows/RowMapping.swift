import Postgres
import Tenancy
import Wire

// Row ↔ message.

extension RecordType {
    /// A record from a row that begins with `columnList`.
    func record(_ row: Row, in arena: Arena) throws -> Message {
        let record = Message.make(message, in: arena)
        for field in fields { try field.read(row, field.firstColumn, into: record) }
        return record
    }
}

extension RecordField {
    /// Sets the field from its column; NULL leaves it unset. The column of custom fields sets those that the record's shape has.
    func read(_ row: Row, _ column: Int, into record: Message) throws {
        guard !isCustom, !row.isNull(column) else { return }
        switch kind {
        case .json where role == .customFields:
            var reader = JSONReader(try row.json(column))
            try reader.read(into: record)
        case .text: record.setString(descriptor, utf8: row.bytes(column))
        case .id: record.setID(descriptor, try row.id(column))
        case .idArray: record.setStrings(descriptor, try row.ids(column).map(\.text))
        case .textArray: record.setStrings(descriptor, try row.strings(column))
        case .int32, .enumeration: record.setInt32(descriptor, try row.int32(column))
        case .int64: record.setInt64(descriptor, try row.int64(column))
        case .double: record.setDouble(descriptor, try row.double(column))
        case .bool: record.setBool(descriptor, try row.bool(column))
        case .time(let fields): record.makeMessage(descriptor).set(try row.timestamp(column), fields)
        case .date: record.setString(descriptor, try row.day(column).text)
        case .money(let fields):
            let money = record.makeMessage(descriptor)
            money.setInt64(fields.minorUnits, try row.int64(column))
            if !row.isNull(column + 1) { money.setString(fields.currency, utf8: row.bytes(column + 1)) }
        case .json:
            var reader = JSONReader(try row.json(column))
            try reader.read(descriptor, into: record)
        }
    }

    /// Binds the field's value to its column or columns; NULL when it is not set. Expects a valid record.
    func bind(_ record: Message, to parameters: inout Parameters) {
        guard record.has(descriptor) else { return bindNull(to: &parameters) }
        switch kind {
        case .text: if let text = record.utf8(descriptor) { parameters.appendText(utf8: text) }
        case .id: parameters.append(record.id(descriptor))
        case .idArray: parameters.append(record.strings(descriptor).compactMap { RecordID($0) })
        case .textArray: parameters.append(record.strings(descriptor))
        case .int32, .enumeration: parameters.append(record.int32(descriptor))
        case .int64: parameters.append(record.int64(descriptor))
        case .double: parameters.append(record.double(descriptor))
        case .bool: parameters.append(record.bool(descriptor))
        case .time(let fields): parameters.append(record.message(descriptor)?.timestamp(fields))
        case .date: parameters.append(record.string(descriptor).flatMap { CalendarDay($0) })
        case .money(let fields):
            let money = record.message(descriptor)
            parameters.append(money?.int64(fields.minorUnits))
            parameters.append(money?.string(fields.currency))
        case .json:
            var writer = JSONWriter()
            writer.write(descriptor, of: record)
            writer.bytes.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        }
    }

    private func bindNull(to parameters: inout Parameters) {
        switch kind {
        case .text: parameters.appendNull(.text)
        case .id: parameters.appendNull(.uuid)
        case .idArray: parameters.append([RecordID]())
        case .textArray: parameters.append([String]())
        case .int32, .enumeration: parameters.appendNull(.int4)
        case .int64: parameters.appendNull(.int8)
        case .double: parameters.appendNull(.float8)
        case .bool: parameters.appendNull(.bool)
        case .time: parameters.appendNull(.timestamptz)
        case .date: parameters.appendNull(.date)
        case .money:
            parameters.appendNull(.int8)
            parameters.appendNull(.text)
        case .json: parameters.appendNull(.jsonb)
        }
    }
}
