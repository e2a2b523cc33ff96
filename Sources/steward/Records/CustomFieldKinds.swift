import Contracts
import CustomerContracts
import StewardClient
import Wire

/// The fields that the workspace has added to a kind of records, as far as the caller may see them: what they are called, and how their
/// values are written.
struct CustomFieldKinds {
    /// Their paths, as in custom.size, in the order of the workspace.
    let paths: [String]
    /// What there is to choose from, also in texts that all workspaces have.
    let choices: ChoiceLabels
    private let fields: [String: ObjectField]
    private let noun: RecordNoun
    /// Nil when the caller may do nothing with such records, or there are none.
    private let isDescribed: Bool

    static let prefix = "custom."

    /// As the service that keeps the records tells them to the caller, who needs no right to read definitions.
    init(of noun: RecordNoun, _ connection: StewardConnection) async throws {
        guard noun.hasCustomFields else {
            self.init([], of: noun)
            return
        }
        let description = try await ModelClient(connection: connection).description(of: noun)
        self.init(description?.fields ?? [], of: noun, isDescribed: description != nil)
    }

    /// - Parameter fields: all of the kind.
    init(_ fields: [ObjectField], of noun: RecordNoun, isDescribed: Bool = true) {
        let own = fields.filter { $0.name?.hasPrefix(Self.prefix) == true }
        paths = own.compactMap(\.name)
        choices = ChoiceLabels(fields)
        self.fields = Dictionary(own.map { ($0.name ?? "", $0) }, uniquingKeysWith: { first, _ in first })
        (self.noun, self.isDescribed) = (noun, isDescribed)
    }

    /// Whether a path is one of a field that a workspace adds, be there such a field or not.
    static func isPath(_ path: String, in record: MessageDescriptor) -> Bool {
        path.hasPrefix(prefix) && record.field("custom_fields") != nil
    }

    // MARK: Names

    /// What people call a field.
    func label(_ path: String) -> String? { fields[path]?.displayName }

    /// The one field that is called so, by its name without custom. or by its label, in either case; nil for none and for several.
    func path(called name: String) -> String? {
        let path = Self.prefix + name.lowercased().split { " -_".contains($0) }.joined(separator: "_")
        if fields[path] != nil { return path }
        let named = paths.filter { label($0)?.lowercased() == name.lowercased() }
        return named.count == 1 ? named[0] : nil
    }

    /// - Throws: `UsageProblem` for a field that there is not.
    func require(_ path: String) throws(UsageProblem) {
        guard fields[path] == nil else { return }
        guard isDescribed else { throw noun.unknown }
        guard !paths.isEmpty else {
            throw UsageProblem(
                "\(noun.plural) have no field \(path)", cure: "an admin adds one with steward field-definition create")
        }
        let name = String(path.dropFirst(Self.prefix.count))
        let meant =
            self.path(called: name).map { [$0] }
            ?? NearNames.of(name, among: paths.map { String($0.dropFirst(Self.prefix.count)) }).map { Self.prefix + $0 }
        throw UsageProblem(
            "\(noun.plural) have no field \(path)",
            cure: (meant.isEmpty ? "" : NearNames.cure(meant, else: "") + " ")
                + "they have \(paths.joined(separator: ", "))")
    }

    /// What to say of a name that no field has which all workspaces have: the field that was meant, if it is one of these.
    func problem(of name: String) -> UsageProblem? {
        path(called: name).map { path in
            UsageProblem("\(noun.plural) have no field \(name)", cure: "did you mean \(path)?")
        }
    }

    /// Looks for a field that all workspaces have. Where there is none of the name, says which of these was meant.
    static func checking(
        _ name: String, of noun: RecordNoun, _ connection: StewardConnection, _ look: () throws -> Void
    ) async throws {
        do {
            try look()
        } catch let problem as UsageProblem {
            guard noun.hasCustomFields else { throw problem }
            throw try await CustomFieldKinds(of: noun, connection).problem(of: name) ?? problem
        }
    }

    /// A formula, a roll-up or another field gives its value, and nobody writes it.
    func isOutputOnly(_ path: String) -> Bool { fields[path]?.outputOnly == true }

    /// What the values of a column are; nil for a list, and for columns of other fields.
    func kind(of column: RecordColumn) -> ValueKind? {
        guard case .custom(let path, _, _) = column, let field = fields[path], field.list != true else { return nil }
        return field.kind
    }

    /// The kind of records that a field names; nil for other fields.
    func noun(of path: String) -> RecordNoun? { fields[path]?.reference?.object.flatMap(RecordNouns.of(object:)) }

    /// The reference that a path means: of a field that names records, or of one of their fields, as in custom.supplier.external_id. Nil for
    /// other paths.
    func reference(_ path: String) -> ReferenceResolver.Path? {
        let parts = path.dropFirst(Self.prefix.count).split(separator: ".", maxSplits: 1).map(String.init)
        guard let name = parts.first, let noun = noun(of: Self.prefix + name) else { return nil }
        return ReferenceResolver.Path(
            target: Self.prefix + name, noun: noun.key,
            field: parts.count == 2 ? parts[1] : nil, isRepeated: false)
    }

    /// - Throws: `UsageProblem` for a path that no value can be given to.
    func requireTarget(_ path: String) throws(UsageProblem) {
        if let reference = reference(path) { try ReferenceResolver.check(reference) } else { try require(path) }
    }

    // MARK: Values

    /// Gives a record the value of a field, which it does not have yet. An empty text gives none.
    func set(_ path: String, to text: String, in record: Message) throws {
        try require(path)
        guard !text.isEmpty, let list = record.descriptor.field("custom_fields"), let field = fields[path] else {
            return
        }
        let item = Message.make(CustomField.descriptor, in: record.arena)
        try FieldAssignment.set("name", to: String(path.dropFirst(Self.prefix.count)), in: item)
        let value = Self.value(of: field)
        let text = choices.value(of: text, path, isList: field.list == true)
        do {
            try FieldAssignment.set(value, to: text, in: item)
        } catch let problem as UsageProblem {
            throw UsageProblem(problem.text.replacing(value, with: path), cure: problem.cure)
        }
        record.setMessages(list, record.messages(list) + [item])
    }

    /// The paths of what a record has, for a mask.
    static func paths(in record: Message) -> [String] {
        guard let list = record.descriptor.field("custom_fields") else { return [] }
        return record.messages(list).map { prefix + (CustomField($0).name ?? "") }
    }

    /// The field of CustomField that holds values of a kind.
    private static func value(of field: ObjectField) -> String {
        switch field.kind {
        case .wholeNumber: "int_value"
        case .number: "double_value"
        case .money: "money_value"
        case .yesNo: "bool_value"
        case .time: "time_value"
        default: field.list == true ? "string_values" : "string_value"
        }
    }
}
