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
    func readable(_ rights: FieldRights) -> [SearchedFields.Field] { fields.filter { rights.isReadable($0.field) } }

    /// Whether all of the name may be read.
    func isTitleReadable(_ rights: FieldRights) -> Bool {
        fields.allSatisfy { !$0.isTitle || rights.isReadable($0.field) }
    }
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
        let use: Use
        /// It is what people call the record, or a part of that.
        let isTitle: Bool
        let term: SearchTerm
    }

    let fields: [Field]
    let title: SearchTerm
    let number: Int64

    /// - Parameter stored: the fields of a type of the name `object`.
    init?(_ object: String, _ stored: [RecordField]) {
        let known = Set(stored.map(\.name))
        guard let names = Self.titles.first(where: known.isSuperset) else { return nil }
        title = SearchTerm(object, "title")
        fields = stored.compactMap { field in
            guard let use = Self.use(of: field) else { return nil }
            return Field(
                field: field, use: use, isTitle: names.contains(field.name), term: SearchTerm(object, field.key))
        }
        number = SearchTerm.number(
            of: fields.flatMap { ["\($0.use)", $0.isTitle ? "title" : "", $0.field.key] }, in: object)
    }

    /// Fields by which people call records: the first of these that a type has.
    private static let titles = [["display_name"], ["given_name", "family_name"], ["subject"]]

    private static func use(of field: RecordField) -> Use? {
        guard field.role == nil else { return nil }
        switch field.kind {
        case .text:
            if field.rules.choices?.isEmpty == false { return nil }
            switch field.rules.format {
            case .email: return .email
            case .phone: return .phone
            case .currency, .country, .language, .timeZone: return nil
            case .url, nil: break
            }
            if field.rules.unique != nil { return .code }
            return field.rules.text?.form == .multiLine ? nil : .words
        case .json: return .items
        default: return nil
        }
    }
}

extension SearchedFields.Field {
    /// The texts in which something is looked for, each with how.
    func texts(of record: Message) -> [(text: String, use: SearchedFields.Use)] {
        guard record.has(field.descriptor) else { return [] }
        guard use == .items else { return record.string(field.descriptor).map { [($0, use)] } ?? [] }
        let items =
            field.descriptor.isRepeated
            ? record.messages(field.descriptor) : record.message(field.descriptor).map { [$0] } ?? []
        return items.flatMap { item in
            item.descriptor.fields.compactMap { part -> (text: String, use: SearchedFields.Use)? in
                guard case .string = part.kind, !part.isRepeated, let text = item.string(part) else { return nil }
                if FieldFormat.email.accepts(text) { return (text, .email) }
                return (text, FieldFormat.phone.accepts(text) ? .phone : .words)
            }
        }
    }
}
