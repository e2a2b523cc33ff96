import Synchronization

/// A field that a workspace has added to a kind of records.
package struct TenantField: Hashable, Sendable {
    /// What its values are.
    package enum Kind: Hashable, Sendable {
        case text, longText, wholeNumber, number, money, yesNo, date, time, choice, choices, email, phone, url
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
    /// Of a whole number, or of the minor units of an amount.
    package let range: ClosedRange<Int64>?
    /// The list of a choice.
    package let choices: [String]
    /// What people call it; nil where it says none.
    package let displayName: String?
    /// What it is for.
    package let description: String?

    package init(
        object: String, number: Int64, name: String, kind: Kind, isRequired: Bool = false, lengthMax: Int? = nil,
        range: ClosedRange<Int64>? = nil, choices: [String] = [], displayName: String? = nil, description: String? = nil
    ) {
        (self.object, self.number, self.name, self.kind) = (object, number, name, kind)
        (self.isRequired, self.lengthMax, self.range, self.choices) = (isRequired, lengthMax, range, choices)
        (self.displayName, self.description) = (displayName, description)
    }

    /// The field that holds the values of all, for policies on all.
    package static let all = "custom_fields"

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

/// The fields that a workspace has added to its records, and the objects that it has defined. Part of its policy, so that nobody works with a newer policy on an older model.
package final class TenantModel: Sendable {
    /// By object, in the order of their numbers.
    private let fields: [String: [TenantField]]
    /// By how grants call them.
    private let ownObjects: [String: TenantObject]
    /// What was made of the fields of an object.
    private let shapes = Mutex<[String: any Sendable]>([:])

    /// Fields of an object that a workspace may have.
    package static let fieldCountMax = 200
    /// Objects that a workspace may have.
    package static let objectCountMax = 200

    package static let empty = TenantModel([])

    /// Of fields of an object with the same number or name only the first counts, and of objects with the same name; identity gives none such.
    package init(_ fields: [TenantField], objects: [TenantObject] = []) {
        ownObjects = Dictionary(objects.map { ($0.object, $0) }, uniquingKeysWith: { first, _ in first })
        self.fields = Dictionary(grouping: fields, by: \.object).mapValues { fields in
            var (numbers, names): (Set<Int64>, Set<String>) = ([], [])
            return fields.sorted { $0.number < $1.number }.filter {
                numbers.insert($0.number).inserted && names.insert($0.name).inserted
            }
        }
    }

    /// The objects that the workspace has defined, in the order of their numbers.
    package var objects: [TenantObject] { ownObjects.values.sorted { $0.number < $1.number } }

    /// One of them, by how grants call it.
    package func object(_ object: String) -> TenantObject? { ownObjects[object] }

    package func fields(of object: String) -> [TenantField] { fields[object] ?? [] }

    /// What `make` makes of the fields of an object, made once; nil for one of the product's without any.
    package func shape<Shape: Sendable>(of object: String, _ make: ([TenantField]) -> Shape) -> Shape? {
        guard let own = fields[object] ?? ownObjects[object].map({ _ in [] }) else { return nil }
        if let known = shapes.withLock({ $0[object] }) as? Shape { return known }
        let made = make(own)
        return shapes.withLock { shapes in
            if let first = shapes[object] as? Shape { return first }
            shapes[object] = made
            return made
        }
    }

    /// The other where it has the same fields and objects, so that what was made of them is made once.
    package func unlessSame(as other: TenantModel?) -> TenantModel {
        if let other, other.fields == fields, other.ownObjects == ownObjects { other } else { self }
    }
}
