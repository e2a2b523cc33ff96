import Contracts
import RPC
import StewardClient
import Wire

/// What the records that others name by their ids are called, as far as the caller may see it.
struct ReferenceNames {
    /// By the key of the noun, and id.
    private var names: [String: [String: String]] = [:]

    /// Nothing is known: ids are shown.
    static let none = ReferenceNames()

    /// - Parameter names: by the key of the noun, and id.
    init(_ names: [String: [String: String]] = [:]) { self.names = names }

    /// Ids in one look-up.
    private static let idsPerCall = 200

    /// Looks up the records that these columns name, one call for each kind and 200 of them. What the caller may not see, or
    /// whose service is away, stays an id.
    static func look(
        up columns: [RecordColumn], in records: [Message], _ connection: StewardConnection
    ) async throws -> ReferenceNames {
        var wanted: [String: Set<String>] = [:]
        for case .reference(_, let field, let noun) in columns {
            for record in records { wanted[noun.key, default: []].formUnion(ids(field, of: record)) }
        }
        for case let column in columns {
            guard case .custom(_, _, let noun?) = column else { continue }
            wanted[noun.key, default: []].formUnion(records.compactMap(column.customID))
        }
        return try await look(up: wanted, connection)
    }

    /// The same for ids by the keys of their nouns.
    static func look(up wanted: [String: Set<String>], _ connection: StewardConnection) async throws -> ReferenceNames {
        var found = ReferenceNames()
        for (name, ids) in wanted.sorted(by: { $0.key < $1.key }) where !ids.isEmpty {
            guard let noun = RecordNouns.named(name) else { continue }
            do {
                try await found.load(ids.sorted(), noun, connection)
            } catch let error as RPCError {
                // Records whose names cannot be had are worth showing.
                if error.code != .permissionDenied {
                    Terminal.note(
                        "names of \(noun.plural) cannot be had, ids are shown: \(TerminalText.oneLine(error.message))")
                }
            }
        }
        return found
    }

    /// What either knows.
    func joined(with other: ReferenceNames) -> ReferenceNames {
        var joined = self
        joined.names.merge(other.names) { $0.merging($1) { name, _ in name } }
        return joined
    }

    /// What a record is called; nil when that is not known.
    func name(_ noun: String, _ id: String) -> String? { names[noun]?[id] }

    /// The name, or the id when it has none that is known.
    func text(_ field: FieldDescriptor, _ noun: RecordNoun, of record: Message) -> String {
        all(field, noun, of: record).joined(separator: ", ")
    }

    /// The same as a cell, which is read as the same names.
    func cell(_ field: FieldDescriptor, _ noun: RecordNoun, of record: Message) -> String {
        field.isRepeated ? ListText.text(all(field, noun, of: record)) : text(field, noun, of: record)
    }

    private func all(_ field: FieldDescriptor, _ noun: RecordNoun, of record: Message) -> [String] {
        Self.ids(field, of: record).map { names[noun.key]?[$0] ?? $0 }
    }

    private mutating func load(_ ids: [String], _ noun: RecordNoun, _ connection: StewardConnection)
        async throws
    {
        let client = RecordClient(connection: connection, noun: noun)
        for start in stride(from: 0, to: ids.count, by: Self.idsPerCall) {
            let part = Array(ids[start..<min(start + Self.idsPerCall, ids.count)])
            let answer = try await client.call(\.batchGet) { request in
                if let field = request.descriptor.field("ids") { request.setStrings(field, part) }
                // Whole records may be too long for one answer.
                if let mask = request.descriptor.field("read_mask") {
                    request.setStrings(mask, NameLookup.fields(of: noun))
                }
            }
            for record in client.records(answer) {
                guard let id = noun.record.field("id").flatMap({ record.string($0) }) else { continue }
                names[noun.key, default: [:]][id] = Self.name(of: record, noun)
            }
        }
    }

    /// The fields of its label, side by side; nil when the caller may see none of them.
    static func name(of record: Message, _ noun: RecordNoun) -> String? {
        func text(_ name: String) -> String { noun.record.field(name).map { FieldText.text($0, of: record) } ?? "" }
        if let name = noun.spellings(noun.label.map(text)).first { return name }
        return noun.otherName.map(text).flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func ids(_ field: FieldDescriptor, of record: Message) -> [String] {
        guard field.isRepeated else { return record.string(field).map { [$0] } ?? [] }
        return (0..<record.count(field)).map { record.string(field, at: $0) }
    }
}

/// A column of records as they are shown: a field, or what the record is called that a field names.
enum RecordColumn {
    case field(FieldDescriptor)
    /// `stage` for stage_id.
    case reference(String, FieldDescriptor, RecordNoun)
    /// A field that the workspace has added, as in custom.size, by the field that holds them all; what its records are, where it names some whose
    /// names are shown.
    case custom(String, FieldDescriptor, RecordNoun?)

    var name: String {
        switch self {
        case .field(let field): field.name
        case .custom(let path, _, _): path
        case .reference(let name, _, _): name
        }
    }

    /// The field that it is made of.
    var field: FieldDescriptor {
        switch self {
        case .field(let field), .reference(_, let field, _), .custom(_, let field, _): field
        }
    }

    /// Whether the record holds something there.
    func isSet(in record: Message) -> Bool {
        if case .custom = self { customValue(in: record) != nil } else { record.has(field) }
    }

    /// What to ask for to have the column.
    var path: String { if case .custom(let path, _, _) = self { path } else { field.name } }

    /// What a record holds in a field that the workspace has added.
    func customValue(in record: Message) -> (item: Message, field: FieldDescriptor)? {
        guard case .custom(let path, let list, _) = self else { return nil }
        let name = String(path.dropFirst(CustomFieldKinds.prefix.count))
        let item = record.messages(list).first { item in
            item.descriptor.field("name").map { item.string($0) == name } ?? false
        }
        guard let item, let field = item.descriptor.fields.first(where: { $0.name != "name" && item.has($0) }) else {
            return nil
        }
        return (item, field)
    }

    /// The id of the record that it names, of a field that names some.
    func customID(in record: Message) -> String? {
        guard case .custom(_, _, _?) = self, let (item, field) = customValue(in: record), case .string = field.kind
        else {
            return nil
        }
        return item.string(field)
    }

    private func customName(in record: Message, _ names: ReferenceNames) -> String? {
        guard case .custom(_, _, let noun?) = self, let id = customID(in: record) else { return nil }
        return names.name(noun.key, id)
    }

    /// What one of these records holds is a number; of fields that all workspaces have nobody need look.
    func isNumber(in records: [Message]) -> Bool {
        guard case .custom = self else { return isNumber }
        return records.lazy.compactMap { customValue(in: $0) }.first.map { RecordColumn.field($0.field).isNumber }
            == true
    }

    /// Holds numbers or amounts, which no spreadsheet program takes for a formula.
    private var isNumber: Bool {
        guard case .field(let field) = self else { return false }
        return switch field.kind {
        case .string, .bytes, .bool, .enumeration: false
        case .message(let type): type.name == "steward.type.v1.Money"
        default: true
        }
    }

    /// The value as a cell of CSV.
    func cell(of record: Message, _ names: ReferenceNames) -> String {
        switch self {
        case .field(let field): FieldText.cell(field, of: record)
        case .custom:
            customName(in: record, names) ?? customValue(in: record).map { FieldText.cell($0.field, of: $0.item) } ?? ""
        case .reference(_, let field, let noun): names.cell(field, noun, of: record)
        }
    }

    func text(of record: Message, _ names: ReferenceNames) -> String {
        switch self {
        case .field(let field): FieldText.text(field, of: record)
        case .reference(_, let field, let noun): names.text(field, noun, of: record)
        case .custom:
            customName(in: record, names) ?? customValue(in: record).map { FieldText.text($0.field, of: $0.item) } ?? ""
        }
    }

    /// A column by its name: a field, a reference without _id, or a field that the workspace has added, whether there is one or not.
    static func named(_ name: String, in type: MessageDescriptor) throws -> RecordColumn {
        if let field = type.field(name) { return .field(field) }
        if CustomFieldKinds.isPath(name, in: type), let list = type.field("custom_fields") {
            return .custom(name, list, nil)
        }
        guard !name.contains("."), let path = ReferenceResolver.path(name, in: type),
            let field = type.field(path.target), let noun = RecordNouns.named(path.noun)
        else { throw MessageFill.unknown(name, in: type, path: "") }
        return .reference(name, field, noun)
    }

    /// A field as people are told of it: by names, where it names other records.
    static func told(_ field: FieldDescriptor, in type: MessageDescriptor) -> RecordColumn {
        reference(of: field, in: type) ?? .field(field)
    }

    /// The same as people are told of it.
    func told(in type: MessageDescriptor) -> RecordColumn {
        if case .field(let field) = self { Self.told(field, in: type) } else { self }
    }

    /// A field that names another record, as the column that tells what that is called; nil for other fields.
    static func reference(of field: FieldDescriptor, in type: MessageDescriptor) -> RecordColumn? {
        for suffix in ["_id", "_ids"] where field.name.hasSuffix(suffix) {
            let column = try? named(String(field.name.dropLast(suffix.count)), in: type)
            if case .reference = column { return column }
        }
        return nil
    }
}
