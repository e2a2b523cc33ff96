import AccessControl
import Text
import Wire

/// What is searched for in records of a type.
struct SearchShape: Sendable {
    let type: RecordType
    private let searched: SearchedFields

    /// Nil for a type without a name: its records are found by what they belong to.
    init?(_ type: RecordType) {
        guard let searched = type.searched else { return nil }
        (self.type, self.searched) = (type, searched)
    }

    var fields: [SearchedFields.Field] { searched.fields }
    /// Of the whole name.
    var title: SearchTerm { searched.title }
    /// Tells what is searched from what was searched before; another number, other terms.
    var number: Int64 { searched.number }

    /// The fields of which the caller may fully read the values.
    func readable(_ rights: FieldRights) -> [SearchedFields.Field] { fields.filter { $0.isReadable(rights) } }

    /// Whether all of the name may be read.
    func isTitleReadable(_ rights: FieldRights) -> Bool { fields.allSatisfy { !$0.isTitle || $0.isReadable(rights) } }
}

/// The fields in which is searched, by the declaration of a type: one with something by which people call its records, and of that the texts of
/// one line.
///
/// Nothing is found by long texts, by codes of lists (countries, currencies) and by choices: these are for filters.
struct SearchedFields: Sendable {
    /// How a field's values are compared.
    enum Use: Sendable, Hashable {
        case words
        /// A number of the record's own, or one that others gave it: the same however it is parted.
        case code
        case email, phone
        /// Texts of a list of messages; each is what it looks like.
        case items
    }

    struct Field: Sendable {
        let field: RecordField
        /// What follows in the same text: of people whose names are written as one word, the given name behind the family name.
        var rest: RecordField?
        let use: Use
        /// It is what people call the record, or a part of that.
        let isTitle: Bool
        let term: SearchTerm
    }

    let fields: [Field]
    let title: SearchTerm
    let number: Int64

    /// How matches call the name of a person that is written as one word.
    static let fullName = "full_name"

    /// - Parameter stored: the fields of a type of the name `object`.
    init?(_ object: String, _ stored: [RecordField]) {
        let known = Set(stored.map(\.name))
        guard let names = Self.titles.first(where: known.isSuperset) else { return nil }
        title = SearchTerm(object, "title")
        var fields = stored.compactMap { field -> Field? in
            guard let use = Self.use(of: field) else { return nil }
            return Field(
                field: field, use: use, isTitle: names.contains(field.name), term: SearchTerm(object, field.key))
        }
        let named = { (name: String) in names.count > 1 ? stored.first { $0.name == name } : nil }
        if let family = named("family_name"), let given = named("given_name") {
            fields.append(
                Field(
                    field: family, rest: given, use: .words, isTitle: true, term: SearchTerm(object, Self.fullName)))
        }
        self.fields = fields
        number = SearchTerm.number(
            of: fields.flatMap { ["\($0.use)", $0.isTitle ? "title" : "", $0.field.key] }, in: object)
    }

    /// Fields by which people call records: the first of these that a type has.
    private static let titles = [["display_name"], ["given_name", "family_name"], ["subject"]]

    private static func use(of field: RecordField) -> Use? {
        // What was typed for a number is found by the number.
        guard field.role == nil, !field.rules.isTyped, !field.isSuccessor else { return nil }
        switch field.kind {
        case .text:
            if field.isCustom, field.rules.choices?.entries.isEmpty == false { return nil }
            switch field.rules.format {
            case .email: return .email
            case .phone: return .phone
            case .currency, .country, .language, .timeZone: return nil
            case .url, nil: break
            }
            // What the service gives is a number of the record's own.
            if field.rules.unique != nil || field.rules.isOutputOnly && !field.isCustom { return .code }
            return field.rules.text?.form == .multiLine ? nil : .words
        case .json: return .items
        default: return nil
        }
    }
}

extension SearchedFields.Field {
    func isReadable(_ rights: FieldRights) -> Bool {
        rights.isReadable(field) && rest.map(rights.isReadable) != false
    }

    /// How matches call it.
    var name: String { rest == nil ? field.name : SearchedFields.fullName }

    /// The texts in which something is looked for, each with how.
    func texts(of record: Message) -> [(text: String, use: SearchedFields.Use)] {
        if let rest {
            let parts = [field, rest].compactMap { record.string($0.descriptor) }
            return parts.count == 2 && parts.allSatisfy(SearchText.isWrittenTogether) ? [(parts.joined(), use)] : []
        }
        guard record.has(field.descriptor) else { return [] }
        guard use == .items else { return record.string(field.descriptor).map { [($0, use)] } ?? [] }
        let items =
            field.descriptor.isRepeated
            ? record.messages(field.descriptor) : record.message(field.descriptor).map { [$0] } ?? []
        return items.flatMap { item in
            item.descriptor.fields.compactMap { part -> (text: String, use: SearchedFields.Use)? in
                guard case .string = part.kind, !part.isRepeated, let text = item.string(part),
                    field.rules.items[part.name]?.isTyped != true
                else { return nil }
                if FieldFormat.email.accepts(text) { return (text, .email) }
                return (text, FieldFormat.phone.accepts(text) ? .phone : .words)
            }
        }
    }
}
