import AccessControl
import Money
import RPC
import Tenancy
import Text
import Wire

/// A filter whose fields, operators and values fit a record type and the rights of a caller.
indirect enum ResolvedFilter: Sendable {
    case all([ResolvedFilter])
    case any([ResolvedFilter])
    case not(ResolvedFilter)
    case compare(ResolvedComparison)
    case follow(ResolvedReference)

    /// Whether other records are asked: however few are to be decided, that may take reading all of another type.
    var followsReferences: Bool {
        switch self {
        case .all(let filters), .any(let filters): filters.contains(where: \.followsReferences)
        case .not(let filter): filter.followsReferences
        case .compare: false
        case .follow: true
        }
    }

    /// The field whose mirrored records are asked; nil when none are.
    var mirroredReference: RecordField? {
        switch self {
        case .all(let filters), .any(let filters): filters.lazy.compactMap(\.mirroredReference).first
        case .not(let filter): filter.mirroredReference
        case .compare: nil
        case .follow(let reference): reference.type.isMirror ? reference.field : nil
        }
    }
}

/// A condition on the record that a field names, of this service or mirrored in it.
struct ResolvedReference: Sendable {
    /// Holds the id of the other record.
    let field: RecordField
    /// The same call, looked at from the other record. Those that the caller may not read are as good as not there: a filter must not tell of
    /// them.
    let call: RecordCall
    /// What holds of the other record. It follows no reference.
    let filter: ResolvedFilter

    /// The type of the other record.
    var type: RecordType { call.type }
}

/// A comparison that can be decided. `notEqual` is resolved to the negation of `equal`.
struct ResolvedComparison: Sendable {
    let target: FilterTarget
    let comparator: Comparator
    let values: [FieldValue]
}

/// Checks a filter against a record type and the rights of a caller.
struct FilterResolver {
    let type: RecordType
    let rights: FieldRights
    /// Whom the word `me` stands for; nil where nobody asks.
    private let me: UserID?
    private let forms: NormalForms
    private let following: ReferencePath.Following

    init(
        type: RecordType, rights: FieldRights, me: UserID? = nil, forms: NormalForms = .anywhere,
        following: @escaping ReferencePath.Following = { _ in nil }
    ) {
        (self.type, self.rights, self.me, self.forms, self.following) = (type, rights, me, forms, following)
    }

    /// What a caller may ask of a type and of the records that it names.
    init(_ call: RecordCall) {
        self.init(
            type: call.type, rights: call.rights, me: call.actor.userID, forms: call.forms, following: call.following)
    }

    /// Throws INVALID_ARGUMENT for an unknown field or a value of the wrong type, and PERMISSION_DENIED for a field
    /// that the caller may not fully read, or for a reference to records that the caller may not read.
    func resolve(_ node: FilterNode) throws -> ResolvedFilter {
        switch node {
        case .all(let nodes): .joined(all: try nodes.map(resolve))
        case .any(let nodes): .joined(any: try nodes.map(resolve))
        case .not(let inner): .not(try resolve(inner))
        case .compare(let comparison): try resolve(comparison)
        }
    }

    private func resolve(_ comparison: FilterComparison) throws -> ResolvedFilter {
        let length = comparison.path.utf8.count
        guard length <= FilterLimits.pathBytesMax else {
            throw RecordErrors.filter(
                .filterFieldUnknown,
                "A path has \(length) bytes; at most \(FilterLimits.pathBytesMax) are allowed, and no field has more.",
                field: comparison.place, place: comparison.place)
        }
        if let followed = try follow(comparison) { return followed }
        guard let target = FilterTarget(comparison.path, in: type) else {
            throw RecordErrors.filter(
                .filterFieldUnknown, "\(type.object) has no field \(comparison.path) that can be compared.",
                field: comparison.path, place: comparison.place)
        }
        try rights.requireReadable(target.field)
        try checkOperator(comparison, target)
        let values = try comparison.values.map { try value($0, for: target, comparison) }
        let isNegated = comparison.comparator == .notEqual
        let resolved = ResolvedComparison(
            target: target, comparator: isNegated ? .equal : comparison.comparator, values: values)
        let filter = target.field.role == .tags ? try tags(resolved, place: comparison.place) : .compare(resolved)
        return isNegated ? .not(filter) : filter
    }

    /// Resolves a path that leads to another record. Nil for a path that begins with no reference.
    private func follow(_ comparison: FilterComparison) throws -> ResolvedFilter? {
        guard let path = try ReferencePath(comparison.path, from: type, rights, following) else { return nil }
        // Not set fulfils `!=`, and so does a record that is not there.
        let isNegated = comparison.comparator == .notEqual
        let inner = FilterComparison(
            path: path.rest, comparator: isNegated ? .equal : comparison.comparator, values: comparison.values,
            place: comparison.place)
        let filter = try FilterResolver(type: path.call.type, rights: path.call.rights, me: me, forms: forms).resolve(
            inner)
        let reference = ResolvedReference(
            field: path.field, call: path.call, filter: filter)
        return isNegated ? .not(.follow(reference)) : .follow(reference)
    }

    private func checkOperator(_ comparison: FilterComparison, _ target: FilterTarget) throws {
        guard FilterResolver.allows(comparison.comparator, target) else {
            throw RecordErrors.filter(
                .filterOperatorUnsupported,
                "\(comparison.path) cannot be compared with \(comparison.comparator.symbol).",
                field: comparison.path,
                place: comparison.place)
        }
        let allowed =
            switch comparison.comparator {
            case .isSet: 0...0
            case .in: 1...FilterLimits.inValueCountMax
            default: 1...1
            }
        guard allowed.contains(comparison.values.count) else {
            throw RecordErrors.filter(
                .filterMalformed,
                "\(comparison.path) \(comparison.comparator.symbol) takes \(allowed.lowerBound) to \(allowed.upperBound) "
                    + "values, not \(comparison.values.count).", field: comparison.path,
                place: comparison.place)
        }
    }

    /// The ways in which a target can be compared.
    static func comparators(of target: FilterTarget) -> [Comparator] {
        Comparator.allCases.filter { allows($0, target) }
    }

    private static func allows(_ comparator: Comparator, _ target: FilterTarget) -> Bool {
        switch (comparator, target.type) {
        case (.isSet, _): true
        case (_, .opaque): false
        case (.equal, _), (.notEqual, _), (.in, _): true
        case (.contains, .text): true
        case (.contains, _): if case .array = target.place { true } else { false }
        case (.startsWith, .text): if case .array = target.place { false } else { true }
        case (.less, .integer), (.less, .number), (.less, .time), (.less, .date), (.less, .text), (.less, .money):
            isOrdered(target)
        case (.lessOrEqual, _): allows(.less, target)
        case (.greater, _), (.greaterOrEqual, _): allows(.less, target)
        default: false
        }
    }

    private static func isOrdered(_ target: FilterTarget) -> Bool {
        if case .array = target.place { false } else { true }
    }

    private func value(
        _ literal: FilterLiteral, for target: FilterTarget, _ comparison: FilterComparison
    ) throws -> FieldValue {
        if case .text(let text) = literal { try checkText(text, comparison) }
        if case .word(let text) = literal { try checkText(text, comparison) }
        if case .money = target.type { return try money(literal, comparison) }
        // The same filter for everybody who lists by it.
        if [.word("me"), .text("me")].contains(literal), target.namesUsers, let me {
            if case .id = target.type { return .id(me.id) }
            return .text(me.id.text)
        }
        guard let value = FilterResolver.convert(literal, to: target.type, isPart: comparison.comparator.isOfPart)
        else { throw mismatch(comparison, target.type) }
        return inForm(value, of: target, comparison.comparator)
    }

    /// A phone number, an address or a country as it is stored, however it was typed.
    private func inForm(_ value: FieldValue, of target: FilterTarget, _ comparator: Comparator) -> FieldValue {
        guard case .text(let text) = value else { return value }
        if let format = target.format, format.hasForm {
            return .text(
                comparator.isOfPart
                    ? forms.part(text, of: format, isBeginning: comparator == .startsWith)
                    : forms.form(of: text, as: format))
        }
        return target.isReach && !comparator.isOfPart ? .text(NormalForms.reach(text)) : value
    }

    /// An amount as Money reads it, the currency included: a number alone would be an amount of every currency.
    private func money(_ literal: FilterLiteral, _ comparison: FilterComparison) throws -> FieldValue {
        let text: String? =
            switch literal {
            case .text(let text), .word(let text): text
            case .integer(let number): String(number)
            case .number(let number): String(number)
            case .flag, .time: nil
            }
        do throws(MoneyText.Problem) {
            let amount = try MoneyText.parse(text ?? "")
            return .money(minorUnits: amount.minorUnits, currency: amount.currency.code)
        } catch {
            throw mismatch(comparison, .money, text.map { _ in "\(error.text); \(error.cure(quotedBy: "\""))" })
        }
    }

    private func mismatch(
        _ comparison: FilterComparison, _ type: FilterTarget.ValueType, _ cure: String? = nil
    ) -> RPCError {
        RecordErrors.filter(
            .filterTypeMismatch,
            "\(comparison.path) is compared with \(type.expectation)" + (cure.map { ": \($0)" } ?? "") + ".",
            field: comparison.path, place: comparison.place)
    }

    private func checkText(_ text: String, _ comparison: FilterComparison) throws {
        guard text.utf8.count > FilterLimits.valueBytesMax || text.utf8.contains(0) else { return }
        throw RecordErrors.filter(
            .filterTooLarge,
            "A value has \(text.utf8.count) bytes; at most \(FilterLimits.valueBytesMax) are allowed, none of them NUL.",
            field: comparison.path, place: comparison.place)
    }

    private static func convert(
        _ literal: FilterLiteral, to type: FilterTarget.ValueType, isPart: Bool
    ) -> FieldValue? {
        switch (type, literal) {
        // In the form in which texts are stored: what is typed in another way is the same.
        case (.text, .text(let text)), (.text, .word(let text)):
            return .text(isPart ? TextForm.normalizedPart(text) : TextForm.normalized(text))
        case (.id, .text(let text)), (.id, .word(let text)): return RecordID(text).map { .id($0) }
        case (.integer, .integer(let number)): return .integer(number)
        case (.integer, .word(let text)): return Int64(text).map { .integer($0) }
        case (.number, .number(let number)): return number.isFinite ? .number(number) : nil
        case (.number, .integer(let number)): return .number(Double(number))
        case (.number, .word(let text)): return Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        case (.flag, .flag(let flag)): return .flag(flag)
        case (.flag, .word(let text)): return Bool(text.lowercased()).map { .flag($0) }
        case (.time, .time(let time)): return .time(time)
        case (.time, .text(let text)), (.time, .word(let text)): return Timestamp(text).map { .time($0) }
        case (.date, .text(let text)), (.date, .word(let text)): return CalendarDay(text).map { .date($0) }
        case (.enumeration(let values), .text(let text)), (.enumeration(let values), .word(let text)):
            return number(of: text, in: values).map { .integer(Int64($0)) }
        case (.enumeration(let values), .integer(let number)):
            return Int32(exactly: number).flatMap { values.name(of: $0) }.map { _ in .integer(number) }
        default: return nil
        }
    }

    /// Takes the name of an enum value with or without the prefix that all values share, in either case:
    /// STAGE_CATEGORY_OPEN or open.
    private static func number(of text: String, in values: EnumDescriptor) -> Int32? {
        let name = text.uppercased()
        if let number = values.number(of: name) { return number }
        let matches = values.values.filter { $0.name.hasSuffix("_\(name)") }
        let shortest = matches.min { $0.name.utf8.count < $1.name.utf8.count }
        return shortest?.number
    }
}

extension FilterTarget {
    /// It holds ids of users.
    fileprivate var namesUsers: Bool {
        if case .nested(_, let key, _) = place { return field.role == .shares && key.name == "user_id" }
        return field.role == .owner || field.rules.reference == .user
    }
}

extension FilterTarget.ValueType {
    /// What a value must be, for the error.
    var expectation: String {
        switch self {
        case .text: "a text"
        case .id: "an id of 36 characters"
        case .integer: "a whole number"
        case .number: "a finite number"
        case .flag: "true or false"
        case .time: "a point in time as in 2026-01-31T09:30:00Z"
        case .date: "a day as YYYY-MM-DD"
        case .enumeration(let values): "one of \(values.values.map(\.name).joined(separator: ", "))"
        case .money: "an amount of money and its currency, as in \"1250.00 EUR\""
        case .opaque: "nothing"
        }
    }
}
