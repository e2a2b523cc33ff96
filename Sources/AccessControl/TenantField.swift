package import Tenancy

/// A field that a workspace has added to a kind of records.
package struct TenantField: Hashable, Sendable {
    /// What its values are.
    package enum Kind: Hashable, Sendable, CaseIterable {
        case text, longText, wholeNumber, number, money, yesNo, date, time, choice, choices, email, phone, url
        /// The id of a record.
        case reference

        /// Of notes and of several choices no list is in the order, and web addresses are longer than an entry of an index may be.
        package var mayBeIndexed: Bool { ![.longText, .choices, .url].contains(self) }
    }

    /// Kind of records, as in `account`.
    package let object: String
    /// No other field of the workspace has it or had it: values are kept under it, so that a name that is given again shows nothing of before.
    package let number: Int64
    /// As in `size`.
    package let name: String
    package let kind: Kind
    package let isRequired: Bool
    /// Most characters of a text; nil for the most that its kind allows.
    package let lengthMax: Int?
    /// Of a number, or of the minor units of an amount.
    package let range: ClosedRange<Int64>?
    /// The list of a choice that has one of its own.
    package let choices: [String]
    /// The name of the choice list of the workspace that it has instead.
    package let choiceList: String?
    /// What people call it; nil where it says none.
    package let displayName: String?
    /// What it is for.
    package let description: String?
    /// The same in other languages.
    package let labels: [TenantLabel]
    /// The value of new records that come without one.
    package let defaultValue: TenantValue?
    /// No user changes it.
    package let isReadOnly: Bool
    /// The regular expression that fits its texts as a whole.
    package let pattern: String?
    /// What is told of a text that it does not fit; nil for the pattern itself.
    package let patternMessage: String?
    /// No two living records have the same value.
    package let isUnique: Bool
    /// Lists are filtered and ordered by it as by a declared field that has an index.
    package let isIndexed: Bool
    /// The kind of records that a reference names.
    package let referenceObject: String?
    /// Most digits after the point of a number; nil for any.
    package let decimals: Int?
    /// What its value follows from; nil for a field that is written.
    package let formula: String?
    /// What it says of records that name its record; nil for a field that says none.
    package let rollUp: TenantRollUp?
    /// It holds what was typed for a phone number.
    package let isTyped: Bool
    /// Of what kind its values are about to be; nil for a field that stays as it is.
    package let kindChange: TenantKindChange?
    /// It holds what the values of another field will be, which nobody sees until then.
    package let isSuccessor: Bool

    package init(
        object: String, number: Int64, name: String, kind: Kind, isRequired: Bool = false, lengthMax: Int? = nil,
        range: ClosedRange<Int64>? = nil, choices: [String] = [], choiceList: String? = nil, displayName: String? = nil,
        description: String? = nil, labels: [TenantLabel] = [], defaultValue: TenantValue? = nil,
        isReadOnly: Bool = false, pattern: String? = nil, patternMessage: String? = nil, isUnique: Bool = false,
        isIndexed: Bool = false, referenceObject: String? = nil, decimals: Int? = nil, formula: String? = nil,
        rollUp: TenantRollUp? = nil, isTyped: Bool = false, kindChange: TenantKindChange? = nil,
        isSuccessor: Bool = false
    ) {
        (self.object, self.number, self.name, self.kind) = (object, number, name, kind)
        (self.isRequired, self.lengthMax, self.range, self.choices) = (isRequired, lengthMax, range, choices)
        self.choiceList = choiceList
        (self.displayName, self.description, self.labels) = (displayName, description, labels)
        (self.defaultValue, self.isReadOnly) = (defaultValue, isReadOnly)
        (self.pattern, self.patternMessage, self.isUnique) = (pattern, patternMessage, isUnique)
        self.isIndexed = isIndexed && kind.mayBeIndexed
        (self.referenceObject, self.decimals) = (referenceObject, decimals)
        (self.formula, self.rollUp, self.isTyped) = (formula, rollUp, isTyped)
        (self.kindChange, self.isSuccessor) = (kindChange, isSuccessor)
    }

    /// Behind the name of a phone number, of the field for what was typed.
    package static let typedSuffix = "_typed"

    /// The field for what was typed, of a phone number: nobody defines it, it comes with the number.
    package var typed: TenantField? {
        guard kind == .phone else { return nil }
        return TenantField(object: object, number: number, name: name + Self.typedSuffix, kind: .text, isTyped: true)
    }

    /// Behind the name of a field, of the field for what its values will be: no name that anybody can give has it.
    private static let successorSuffix = " (next)"

    /// The field for the values of another kind that it will have: nobody defines it, it comes with the change and goes with it.
    package var successor: TenantField? { kindChange.map { successor($0) } }

    /// The same of a change that is not made yet.
    package func successor(_ change: TenantKindChange) -> TenantField {
        TenantField(
            object: object, number: change.number, name: name + Self.successorSuffix, kind: change.kind,
            lengthMax: change.lengthMax, range: range, choices: change.choices, choiceList: change.choiceList,
            pattern: pattern, patternMessage: patternMessage, decimals: change.decimals, isSuccessor: true)
    }

    /// The field that holds the values of all, for policies on all.
    package static let all = "custom_fields"

    /// Digits after the point, at most: a double has some 15 in all.
    package static let decimalsMax = 12

    /// Characters of a text that is indexed, at most: an entry of PostgreSQL's indexes has some 2,700 bytes, a character up to four.
    package static let indexedLengthMax = 600

    /// Characters of a name, at most.
    package static let nameLengthMax = 50

    /// Names are words of masks and filters: small letters, digits and underscores, a letter first.
    package static func isName(_ name: some StringProtocol) -> Bool {
        guard (1...nameLengthMax).contains(name.utf8.count), let first = name.utf8.first else { return false }
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return letters.contains(first)
            && name.utf8.allSatisfy { letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_") }
    }

    /// Before the name in masks, filters, orders and field policies.
    package static let prefix = "custom."

    /// How masks, filters, orders and field policies call it.
    package var path: String { Self.prefix + name }
}

/// Of what kind the values of a field are to be, and what is said of such values.
package struct TenantKindChange: Hashable, Sendable {
    /// Under which the new values are kept, and which the field will have; 0 for a change that is not made yet.
    package let number: Int64
    package let kind: TenantField.Kind
    package let lengthMax: Int?
    package let choices: [String]
    package let choiceList: String?
    package let decimals: Int?
    /// In which numbers are amounts, or of which amounts become numbers.
    package let currency: String?

    package init(
        number: Int64, kind: TenantField.Kind, lengthMax: Int? = nil, choices: [String] = [],
        choiceList: String? = nil, decimals: Int? = nil, currency: String? = nil
    ) {
        (self.number, self.kind, self.lengthMax, self.choices) = (number, kind, lengthMax, choices)
        (self.choiceList, self.decimals, self.currency) = (choiceList, decimals, currency)
    }
}

/// A value of a field that a workspace has added, as its definition has it.
package enum TenantValue: Hashable, Sendable {
    /// Of a day, too, as YYYY-MM-DD.
    case text(String)
    case texts([String])
    case integer(Int64)
    case number(Double)
    case flag(Bool)
    case time(Timestamp)
    case money(minorUnits: Int64, currency: String)
}
