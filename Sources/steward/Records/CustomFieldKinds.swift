import Contracts
import IdentityContracts
import StewardClient
import Wire

/// The fields that the workspace has added to a kind of records, and how their values are written.
struct CustomFieldKinds {
    /// By path, as in custom.size.
    private let kinds: [String: FieldKind]
    private let plural: String

    static let prefix = "custom."

    /// No workspace has more for a kind of records.
    private static let countMax: Int32 = 1_000

    init(of noun: RecordNoun, _ connection: StewardConnection) async throws {
        let page = try await connection.fieldDefinitions.listFieldDefinitions(
            ListFieldDefinitionsRequest(
                filterExpression: "object = \"\(noun.object)\"", pageSize: Self.countMax))
        kinds = Dictionary(
            page.records.map { (Self.prefix + ($0.name ?? ""), $0.kind ?? .unspecified) },
            uniquingKeysWith: { first, _ in first })
        plural = noun.plural
    }

    /// Whether a path is one of a field that a workspace adds, be there such a field or not.
    static func isPath(_ path: String, in record: MessageDescriptor) -> Bool {
        path.hasPrefix(prefix) && record.field("custom_fields") != nil
    }

    /// - Throws: `UsageProblem` for a field that there is not.
    func require(_ path: String) throws {
        guard kinds[path] == nil else { return }
        throw UsageProblem(
            "\(plural) have no field \(path)",
            cure: kinds.isEmpty
                ? "add it with steward field-definition create"
                : "they have \(kinds.keys.sorted().joined(separator: ", "))")
    }

    /// Gives a record the value of a field, which it does not have yet. An empty text gives none.
    func set(_ path: String, to text: String, in record: Message) throws {
        try require(path)
        guard !text.isEmpty, let list = record.descriptor.field("custom_fields"), let kind = kinds[path] else { return }
        let item = Message.make(CustomField.descriptor, in: record.arena)
        try FieldAssignment.set("name", to: String(path.dropFirst(Self.prefix.count)), in: item)
        let value = Self.value(of: kind)
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
    private static func value(of kind: FieldKind) -> String {
        switch kind {
        case .wholeNumber: "int_value"
        case .number: "double_value"
        case .money: "money_value"
        case .yesNo: "bool_value"
        case .time: "time_value"
        case .choices: "string_values"
        default: "string_value"
        }
    }
}
