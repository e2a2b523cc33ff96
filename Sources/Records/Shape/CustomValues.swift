import AccessControl
import RPC
import Wire

// Values of custom fields between the wire, where they are items of `custom_fields`, and messages of the shape, where they are fields.
extension RecordType {
    /// A copy of a record that came in, as a message of the shape; of one that is such a message, a copy.
    ///
    /// - Parameters:
    ///   - path: put before the names of fields in errors, as in `account.`.
    ///   - mask: the names of an update mask: of other items nothing is taken, whatever they are; empty for all.
    ///   - isKept: the service itself kept the record, with what was typed for its phone numbers, which nobody else says.
    /// - Throws: INVALID_ARGUMENT for an item that names no field of the workspace, one that another names, too, or a value of another kind.
    func taken(_ sent: Message, _ path: String, mask: [String] = [], isKept: Bool = false) throws -> Message {
        let record = try read(sent, path, mask, isKept)
        if isKept { return record }
        for (_, typed) in typedFields { record.clear(fields[typed].descriptor) }
        return record
    }

    private func read(_ sent: Message, _ path: String, _ mask: [String], _ isKept: Bool) throws -> Message {
        guard let column = customColumn?.descriptor, sent.descriptor == declared?.message ?? message else {
            return sent.copy()
        }
        let record = added.map { sent.extended(by: $0.descriptor) } ?? sent.copy()
        guard sent.has(column) else { return record }
        record.clear(column)
        if !mask.isEmpty, !mask.contains(where: { $0 == column.name || $0.hasPrefix(TenantField.prefix) }) {
            return record
        }
        // More than there may be fields are refused without a look at any.
        let count = sent.count(column)
        guard count <= TenantModel.fieldCountMax else {
            throw invalid(
                "TOO_MANY", "\(column.name) has \(count) items; at most \(TenantModel.fieldCountMax) are allowed.",
                "\(path)\(column.name)")
        }
        var violations: [FieldViolation] = []
        var seen: Set<Int> = []
        for (index, item) in sent.messages(column).enumerated() {
            let place = "\(path)\(column.name)[\(index)]"
            let name = item.string(CustomWire.name) ?? ""
            let isNamed = mask.isEmpty || mask.contains(column.name) || mask.contains(TenantField.prefix + name)
            if !isNamed, !isKept { continue }
            guard let field = customField(named: name) else {
                violations.append(unknown(name, at: place))
                continue
            }
            guard seen.insert(field.index).inserted else {
                violations.append(
                    FieldViolation(field: place, reason: "DUPLICATE", description: "\(name) stands there twice."))
                continue
            }
            if let violation = field.take(item, into: record, at: place) { violations.append(violation) }
        }
        guard violations.isEmpty else {
            throw RPCError.invalidArgument(violations, domain: RecordErrors.domain)
        }
        return record
    }

    /// A record of the shape as it is told: a message of the declared type, with an item for each custom field that is set. The record itself
    /// stays as it is.
    func told(_ record: Message) -> Message {
        guard added != nil, record.descriptor == message else { return record }
        let told = record.based.copy()
        tell(record, into: told)
        return told
    }

    /// Sets the items of a record that is told.
    func tell(_ record: Message, into told: Message) {
        guard let column = customColumn?.descriptor else { return }
        let items = customFields.filter { !$0.isSuccessor && record.has($0.descriptor) }.map { $0.item(of: record) }
        told.setMessages(column, items)
    }

    /// The field of an item in a record that is told; nil for one that is not there any more.
    func customField(of item: Message) -> RecordField? { customField(named: item.string(CustomWire.name) ?? "") }

    private func customField(named name: String) -> RecordField? {
        added == nil ? nil : field(TenantField.prefix + name)
    }

    /// All custom fields together have a limit, whatever each may hold: a list reads them, and a page has its bounds.
    func violationOfCustomBytes(in record: Message) -> [FieldViolation] {
        guard let column = customColumn else { return [] }
        var writer = JSONWriter()
        writer.write(customFields.filter { record.has($0.descriptor) }, of: record)
        guard writer.bytes.count > RowBytes.customBytesMax else { return [] }
        return [
            FieldViolation(
                field: column.name, reason: "TOO_LONG",
                description:
                    "The custom fields hold \(writer.bytes.count) bytes; a record has at most \(RowBytes.customBytesMax). "
                    + "Shorten the longest texts.")
        ]
    }

    private func unknown(_ name: String, at place: String) -> FieldViolation {
        FieldViolation(
            field: place, reason: "CUSTOM_FIELD_UNKNOWN",
            description:
                "In this workspace \(object) has no custom field \(name.quoted); DescribeObject tells which it has.")
    }

    private func invalid(_ reason: String, _ description: String, _ place: String) -> RPCError {
        RPCError.invalidArgument(
            [FieldViolation(field: place, reason: reason, description: description)], domain: RecordErrors.domain)
    }
}

extension RecordField {
    /// The name of a custom field as items have it: without what stands before it in paths.
    fileprivate var customName: String { String(name.dropFirst(TenantField.prefix.count)) }

    /// Sets the field to the item's value; answers what is wrong with its kind.
    func take(_ item: Message, into record: Message, at place: String) -> FieldViolation? {
        let given = CustomWire.values.filter { item.has($0) }
        guard let value = given.first else {
            record.clear(descriptor)
            return nil
        }
        guard given.count == 1 else { return mismatch(place, "one value at most, not \(given.count)") }
        switch kind {
        case .text, .date, .id:
            guard value.name == CustomWire.text.name else { return mismatch(place, "a text in string_value") }
            record.setString(descriptor, item.string(value) ?? "")
        case .textArray, .idArray:
            guard value.name == CustomWire.texts.name else { return mismatch(place, "texts in string_values") }
            record.setStrings(descriptor, item.strings(value))
        case .int64, .int32, .enumeration:
            guard value.name == CustomWire.integer.name else { return mismatch(place, "a whole number in int_value") }
            record.setInt64(descriptor, item.int64(value))
        case .double:
            switch value.name {
            // PostgreSQL's JSON knows no negative zero.
            case CustomWire.number.name:
                record.setDouble(descriptor, item.double(value) == 0 ? 0 : item.double(value))
            case CustomWire.integer.name:
                guard let number = Double(exactly: item.int64(value)) else {
                    return mismatch(
                        place, "numbers of 15 digits, and this one would be rounded: add a field of whole numbers")
                }
                record.setDouble(descriptor, number)
            default: return mismatch(place, "a number in double_value or int_value")
            }
        case .bool:
            guard value.name == CustomWire.flag.name else { return mismatch(place, "true or false in bool_value") }
            record.setBool(descriptor, item.bool(value))
        case .time:
            guard value.name == CustomWire.time.name else { return mismatch(place, "a point in time in time_value") }
            record.copy(value, of: item, to: descriptor)
        case .money:
            guard value.name == CustomWire.money.name else { return mismatch(place, "an amount in money_value") }
            record.copy(value, of: item, to: descriptor)
        case .json: return mismatch(place, "nothing")
        }
        return nil
    }

    private func mismatch(_ place: String, _ expected: String) -> FieldViolation {
        FieldViolation(
            field: place, reason: "CUSTOM_FIELD_KIND", description: "\(name) takes \(expected).")
    }

    /// The item that tells a value that is set.
    fileprivate func item(of record: Message) -> Message {
        let item = Message.make(CustomWire.item, in: record.arena)
        item.setString(CustomWire.name, customName)
        switch kind {
        case .text, .date, .id: item.setString(CustomWire.text, record.string(descriptor) ?? "")
        case .textArray, .idArray: item.setStrings(CustomWire.texts, record.strings(descriptor))
        case .int64, .int32, .enumeration: item.setInt64(CustomWire.integer, record.int64(descriptor))
        case .double: item.setDouble(CustomWire.number, record.double(descriptor))
        case .bool: item.setBool(CustomWire.flag, record.bool(descriptor))
        case .time: item.copy(descriptor, of: record, to: CustomWire.time)
        case .money: item.copy(descriptor, of: record, to: CustomWire.money)
        case .json: break
        }
        return item
    }
}

extension Message {
    /// Sets a field to the nested message of another, which both then share.
    fileprivate func copy(_ field: FieldDescriptor, of other: Message, to own: FieldDescriptor) {
        if let nested = other.message(field) { setMessage(own, nested) }
    }
}
