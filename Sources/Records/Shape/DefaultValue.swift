package import AccessControl
package import Contracts
package import RPC
import Wire

extension RecordField {
    /// No user changes it once the record is there.
    var isReadOnly: Bool { added?.isReadOnly == true }

    /// Gives a new record the value that the workspace has chosen, where it came without one.
    func fillDefault(in record: Message) {
        guard let value = added?.defaultValue, !record.has(descriptor) else { return }
        switch (kind, value) {
        case (.text, .text(let text)), (.date, .text(let text)): record.setString(descriptor, text)
        case (.textArray, .texts(let texts)): record.setStrings(descriptor, texts)
        case (.int64, .integer(let number)): record.setInt64(descriptor, number)
        case (.double, .integer(let number)): record.setDouble(descriptor, Double(number))
        case (.double, .number(let number)): record.setDouble(descriptor, number)
        case (.bool, .flag(let flag)): record.setBool(descriptor, flag)
        case (.time(let fields), .time(let time)): record.makeMessage(descriptor).set(time, fields)
        case (.money(let fields), .money(let units, let currency)):
            let money = record.makeMessage(descriptor)
            money.setInt64(fields.minorUnits, units)
            money.setString(fields.currency, currency)
        // Identity takes no value that does not fit its kind.
        default: break
        }
    }
}

extension TenantField {
    /// What is wrong with a value that new records of the field are to have: what would be wrong with it in a record.
    ///
    /// - Parameters:
    ///   - place: what the violations name.
    ///   - choices: what there is to choose from; nil for a field in which nothing is chosen.
    package func violations(
        ofDefault value: CustomField, at place: String, choices: TenantChoiceList?
    ) -> [FieldViolation] {
        if value.name != nil {
            return [
                FieldViolation(
                    field: "\(place).name", reason: "NOT_APPLICABLE",
                    description: "A default belongs to its field, and has no name; leave it out.")
            ]
        }
        let (arena, shape) = (Arena(), MessageExtension(of: CustomWire.item, adding: [wireField]))
        let field = RecordField(self, shape.fields[0], index: 0, choices: choices)
        let record = Message.make(shape.descriptor, in: arena)
        if let violation = field.take(value.message(in: arena), into: record, at: place) { return [violation] }
        field.normalizeTexts(in: record, .anywhere)
        guard record.has(field.descriptor) else {
            return [
                FieldViolation(
                    field: place, reason: "REQUIRED",
                    description: "\(place) holds no value; leave it out, or give one.")
            ]
        }
        return RecordValidator.violations(in: record, fields: [field]).map {
            FieldViolation(field: place, reason: $0.reason, description: "The default does not fit: \($0.description)")
        }
    }
}
