import IdentityContracts
import Text
import Wire

/// How records are found by what people call them.
struct NameLookup {
    /// Fields, and the values that each must have one of.
    let conditions: [(field: String, values: [String])]
    private let fields: [FieldDescriptor]
    /// Addresses are stored in lower case, and people write them as they like.
    private let wanted: [String: String]
    /// Nil where one field is compared.
    private let noun: RecordNoun?

    /// The look-ups that find records for these values: by one field when it is given, otherwise by the parts of the name, and
    /// users by their e-mail address too.
    static func lookups(of values: [String], by field: String?, _ noun: RecordNoun) -> [NameLookup] {
        if let field { return [one(field, values, noun)] }
        guard noun.name == User.noun.name else { return named(values, noun) }
        let addresses = values.filter { $0.contains("@") }
        let others = named(values.filter { !$0.contains("@") }, noun)
        return addresses.isEmpty ? others : others + [one("email", addresses, noun)]
    }

    /// What has to be read of a record to know for which value it was found, and its id.
    static func fields(of noun: RecordNoun) -> [String] {
        let names =
            ["id"] + noun.label + [noun.otherName, noun.name == User.noun.name ? "email" : nil].compactMap(\.self)
        return names.filter { noun.record.field($0) != nil }
    }

    /// The value that a record was found for; nil when it only looks like one, as with the parts of a name.
    func value(of record: Message) -> String? {
        let texts = fields.map { FieldText.text($0, of: record) }
        return (noun?.spellings(texts) ?? texts).lazy.compactMap { wanted[$0] }.first
    }

    private static func one(_ field: String, _ values: [String], _ noun: RecordNoun) -> NameLookup {
        let stored = values.map { ($0, field == "email" ? $0.lowercased() : $0) }
        return NameLookup(
            conditions: [(field, stored.map(\.1))], fields: noun.record.field(field).map { [$0] } ?? [],
            wanted: Dictionary(stored.map { ($0.1, $0.0) }, uniquingKeysWith: { first, _ in first }), noun: nil)
    }

    /// Names of one part, or of two in either order.
    private static func named(_ values: [String], _ noun: RecordNoun) -> [NameLookup] {
        guard !values.isEmpty, let first = noun.label.first else { return [] }
        guard noun.label.count == 2 else { return [one(first, values, noun)] }
        let others = noun.otherName.map { [one($0, values, noun)] } ?? []
        let wanted = Dictionary(values.map { ($0, $0) }, uniquingKeysWith: { first, _ in first })
        let fields = noun.label.compactMap { noun.record.field($0) }
        func lookup(_ conditions: [(field: String, values: [String])]) -> NameLookup {
            NameLookup(conditions: conditions, fields: fields, wanted: wanted, noun: noun)
        }
        let whole = others + noun.label.map { lookup([($0, values)]) }
        let parts = values.flatMap { PersonalName.parts(of: $0) }
        guard !parts.isEmpty else { return whole }
        return whole + [
            lookup([
                (noun.label[0], Set(parts.map(\.given)).sorted()), (noun.label[1], Set(parts.map(\.family)).sorted()),
            ])
        ]
    }
}
