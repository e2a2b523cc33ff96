import RPC
import Tenancy
import Wire

/// Checks the fields of a record, whose texts are normalized, one by one against their rules. References and uniqueness need the database and are
/// checked elsewhere.
struct RecordValidator {
    /// Elements of a repeated field whose declaration gives no count.
    static let elementCountMax = 1000

    /// What the record was.
    enum Before {
        /// It was not there, or nobody cares.
        case nothing
        /// It is known when it is locked: what was chosen in it may stay, so choices are checked then.
        case unknown
        case record(Message)
    }

    private var violations: [FieldViolation] = []
    private let before: Before
    /// What was chosen before in the field that is looked at: it may stay, though nobody may choose it anew.
    private var kept: Set<String> = []
    /// Those past the most, and the path of the first of them.
    private var unlisted: (count: Int, path: String) = (0, "")

    /// What is wrong with the given fields of a record; paths are field names. After as many violations as a status
    /// lists, one says how many more there are.
    static func violations(
        in record: Message, fields: [RecordField], before: Before = .nothing
    ) -> [FieldViolation] {
        var validator = RecordValidator(before: before)
        // What is stored as JSON has to be readable again, whoever wrote it.
        for field in fields where field.role?.isSetByEngine != true || field.role == .shares {
            validator.check(field, in: record)
        }
        return validator.violations + validator.remainder
    }

    private init(before: Before) { self.before = before }

    private mutating func check(_ field: RecordField, in record: Message) {
        guard record.has(field.descriptor) else {
            if field.rules.isRequired { refuseMissing(field.descriptor, field.name) }
            return
        }
        if field.role == .customFields {
            return refuse(
                field.name, "CUSTOM_FIELD_UNKNOWN",
                "This workspace has no custom field of this name; leave it out.")
        }
        switch field.kind {
        case .id: if record.id(field.descriptor) == nil { refuseID(field.name) }
        case .date: checkDate(record.string(field.descriptor), field)
        case .money(let fields): checkMoney(record.message(field.descriptor), fields, field)
        case .time(let fields): checkTime(record.message(field.descriptor), fields, field.name)
        case .idArray: checkIDs(record, field)
        default:
            var rules = field.rules
            if rules.choices != nil {
                switch before {
                case .nothing: kept = []
                case .unknown: rules.choices = nil
                case .record(let message): kept = Set(field.chosen(in: message))
                }
            }
            check(field.descriptor, of: record, rules, path: field.name)
        }
    }

    /// Checks a field that is set by its type and rules, nested messages included.
    private mutating func check(
        _ field: FieldDescriptor, of message: Message, _ rules: FieldRules, path: String
    ) {
        if field.isRepeated, !hasFittingCount(message.count(field), rules.count, path) { return }
        switch field.kind {
        case .string:
            let texts = texts(field, of: message, path)
            for (text, path) in texts { check(text: text, rules, path) }
            if rules.choices != nil, Set(texts.map(\.0)).count < texts.count {
                refuse(path, "DUPLICATE", "\(path) names a choice twice.")
            }
        case .int32, .sint32, .sfixed32: checkRange(Int64(message.int32(field)), rules.range, path)
        case .int64, .sint64, .sfixed64: checkRange(message.int64(field), rules.range, path)
        case .double:
            if !message.double(field).isFinite {
                refuse(path, "NOT_A_NUMBER", "\(path) must be a finite number.")
            } else {
                checkRange(message.double(field), rules.range, path)
                checkDecimals(message.double(field), rules.decimals, path)
            }
        case .enumeration(let values): check(message.int32(field), of: values, rules, path)
        case .message(let descriptor):
            for (item, path) in items(field, of: message, path) { checkItem(item, descriptor, rules, path) }
        default: break
        }
    }

    private mutating func checkItem(
        _ item: Message, _ descriptor: MessageDescriptor, _ rules: FieldRules, _ path: String
    ) {
        if let fields = TimestampFields(descriptor) { return checkTime(item, fields, path) }
        for nested in descriptor.fields {
            let nestedRules = rules.items[nested.name] ?? FieldRules()
            let nestedPath = "\(path).\(nested.name)"
            if item.has(nested) {
                check(nested, of: item, nestedRules, path: nestedPath)
            } else if nestedRules.isRequired {
                refuseMissing(nested, nestedPath)
            }
        }
    }

    private func texts(_ field: FieldDescriptor, of message: Message, _ path: String) -> [(String, String)] {
        guard field.isRepeated else { return [(message.string(field) ?? "", path)] }
        return message.strings(field).enumerated().map { ($1, "\(path)[\($0)]") }
    }

    private func items(_ field: FieldDescriptor, of message: Message, _ path: String) -> [(Message, String)] {
        guard field.isRepeated else { return message.message(field).map { [($0, path)] } ?? [] }
        return message.messages(field).enumerated().map { ($1, "\(path)[\($0)]") }
    }

    private mutating func check(text: String, _ rules: FieldRules, _ path: String) {
        // Only an element of a repeated field can be blank here: elsewhere that is unset.
        if text.isEmpty { return refuse(TextRule.blank(path)) }
        // A form says more than its length: "Germany" is no code of a country.
        if let format = rules.format, !format.accepts(text) {
            refuse(path, "INVALID_FORMAT", "\(path) must be \(format.expectation).")
        } else if let violation = (rules.isKey ? rules.text?.ofKey : rules.text)?.violation(
            of: text, field: path)
        {
            refuse(violation)
        } else if let violation = rules.choices?.violation(of: text, at: path), !kept.contains(text) {
            refuse(violation)
        } else if let violation = rules.pattern?.violation(of: text, field: path) {
            refuse(violation)
        }
    }

    private mutating func check(
        _ number: Int32, of values: EnumDescriptor, _ rules: FieldRules, _ path: String
    ) {
        if number == 0, !rules.allowsUnspecified {
            refuse(path, "UNSPECIFIED", "\(path) must be one of the values of \(values.name) other than 0.")
        } else if values.name(of: number) == nil {
            refuse(path, "UNKNOWN_VALUE", "\(path) is \(number), which is not a value of \(values.name).")
        }
    }

    private mutating func checkRange(_ number: Int64, _ range: ClosedRange<Int64>?, _ path: String) {
        guard let range, !range.contains(number) else { return }
        refuse(path, "OUT_OF_RANGE", "\(path) is \(number); it must be \(range.allowed).")
    }

    private mutating func checkRange(_ number: Double, _ range: ClosedRange<Int64>?, _ path: String) {
        guard let range else { return }
        // An end that nobody set is none: no number is too large.
        let isLess = range.lowerBound != .min && number < Double(range.lowerBound)
        let isMore = range.upperBound != .max && number > Double(range.upperBound)
        if isLess || isMore { refuse(path, "OUT_OF_RANGE", "\(path) is \(number); it must be \(range.allowed).") }
    }

    private mutating func checkDecimals(_ number: Double, _ most: Int?, _ path: String) {
        guard let most, number.decimals > most else { return }
        refuse(
            path, "TOO_PRECISE",
            "\(path) is \(number); it may have \(most) \(most == 1 ? "digit" : "digits") after the point: round it.")
    }

    /// Refuses a wrong number of elements; then none of them is looked at.
    private mutating func hasFittingCount(_ count: Int, _ range: ClosedRange<Int>?, _ path: String) -> Bool {
        let range = range ?? 0...RecordValidator.elementCountMax
        if range.contains(count) { return true }
        let reason = count < range.lowerBound ? "TOO_FEW" : "TOO_MANY"
        refuse(
            path, reason,
            "\(path) has \(count) elements; from \(range.lowerBound) to \(range.upperBound) are allowed.")
        return false
    }

    private mutating func refuseID(_ path: String) {
        refuse(path, "INVALID_ID", "\(path) must be an id: a UUID of 36 characters with hyphens.")
    }

    private mutating func checkIDs(_ record: Message, _ field: RecordField) {
        guard hasFittingCount(record.count(field.descriptor), field.rules.count, field.name) else { return }
        for (index, text) in record.strings(field.descriptor).enumerated() {
            if RecordID(text) == nil { refuseID("\(field.name)[\(index)]") }
        }
    }

    private mutating func checkDate(_ text: String?, _ field: RecordField) {
        guard let day = text.flatMap({ CalendarDay($0) }) else {
            return refuse(field.name, "INVALID_DATE", "\(field.name) must be a day of the calendar as YYYY-MM-DD.")
        }
        guard let first = field.rules.pastSince, !(first...CalendarDay.latestToday()).contains(day) else { return }
        refuse(
            field.name, "OUT_OF_RANGE", "\(field.name) is \(day.text); it must be from \(first.text) to today.")
    }

    private mutating func checkTime(_ time: Message?, _ fields: TimestampFields, _ path: String) {
        guard let time else { return }
        let isValid =
            TimeLimits.seconds.contains(time.int64(fields.seconds))
            && (0..<1_000_000_000).contains(time.int32(fields.nanos))
        guard !isValid else { return }
        refuse(
            path, "INVALID_TIME", "\(path) must be from the year 1 to 9999, with nanos from 0 to 999,999,999."
        )
    }

    private mutating func checkMoney(_ money: Message?, _ fields: MoneyFields, _ field: RecordField) {
        guard let money else { return }
        if !FieldFormat.currency.accepts(money.string(fields.currency) ?? "") {
            let path = "\(field.name).currency_code"
            refuse(path, "INVALID_FORMAT", "\(path) must be \(FieldFormat.currency.expectation).")
        }
        let path = "\(field.name).minor_units"
        if !money.has(fields.minorUnits) {
            refuse(path, "REQUIRED", "\(path) must be set.")
        } else {
            checkRange(money.int64(fields.minorUnits), field.rules.range, path)
        }
    }

    private mutating func refuseMissing(_ field: FieldDescriptor, _ path: String) {
        if field.kind == .string { return refuse(TextRule.blank(path)) }
        refuse(path, "REQUIRED", "\(path) must be set.")
    }

    private mutating func refuse(_ path: String, _ reason: String, _ description: String) {
        refuse(FieldViolation(field: path, reason: reason, description: description))
    }

    private mutating func refuse(_ violation: FieldViolation) {
        guard violations.count >= FieldViolation.listedMax else { return violations.append(violation) }
        if unlisted.count == 0 { unlisted.path = violation.field }
        unlisted.count += 1
    }

    /// Says how many violations are not listed; empty when all are.
    private var remainder: [FieldViolation] {
        guard unlisted.count > 0 else { return [] }
        return [.more(unlisted.count, at: unlisted.path)]
    }
}

extension CalendarDay {
    /// The day that it is where the day begins first, 14 hours before UTC.
    static func latestToday() -> CalendarDay {
        let (hours, hour) = (14 as Int64, 3_600_000_000 as Int64)
        return CalendarDay(daysSince1970: Int((Timestamp.now().microseconds + hours * hour) / (24 * hour)))
    }
}

extension ClosedRange<Int64> {
    /// What a number must be, for the error. An end that nobody set is not told.
    fileprivate var allowed: String {
        if upperBound == .max { return "at least \(lowerBound)" }
        return lowerBound == .min ? "at most \(upperBound)" : "from \(lowerBound) to \(upperBound)"
    }
}

/// The range of google.protobuf.Timestamp: the years 1 to 9999.
enum TimeLimits {
    static let seconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799
}

extension Double {
    /// Digits after the point in the shortest decimal form that is this number.
    fileprivate var decimals: Int {
        let parts = "\(self)".split(separator: "e")
        let fraction = parts[0].split(separator: ".").dropFirst().first.map { $0 == "0" ? 0 : $0.utf8.count } ?? 0
        return max(0, fraction - (parts.count > 1 ? Int(parts[1]) ?? 0 : 0))
    }
}
