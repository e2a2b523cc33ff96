import Contracts
import IdentityContracts
import StewardClient
import Wire

/// Assignments as field=value with what they need looked up: other records by their names, and the kinds of the fields that the workspace has
/// added, as in custom.size=42.
struct ResolvedAssignments {
    /// Those to fields that every workspace has.
    let declared: [String]
    private let custom: [CustomAssignment]

    private struct CustomAssignment {
        let path: String
        let kind: FieldKind
        let text: String
    }

    static let customPrefix = "custom."

    /// - Throws: `UsageProblem` for a field that there is not.
    init(_ assignments: [String], of noun: RecordNoun, _ connection: StewardConnection) async throws {
        let added = assignments.filter { $0.hasPrefix(Self.customPrefix) }
        var resolver = ReferenceResolver(connection: connection)
        declared = try await resolver.resolve(
            assignments.filter { !$0.hasPrefix(Self.customPrefix) }, in: noun.record)
        guard !added.isEmpty else {
            custom = []
            return
        }
        let kinds = try await Self.kinds(of: noun, connection)
        custom = try added.map { assignment in
            guard let (path, text) = FieldAssignment.parts(assignment) else {
                throw UsageProblem("\(assignment) is no assignment", cure: "write field=value, as in custom.size=42")
            }
            guard let kind = kinds[path] else {
                let known = kinds.keys.sorted().joined(separator: ", ")
                throw UsageProblem(
                    "\(noun.plural) have no field \(path)",
                    cure: known.isEmpty
                        ? "add it with steward field-definition create" : "they have \(known)")
            }
            return CustomAssignment(path: path, kind: kind, text: text)
        }
    }

    /// The fields that the workspace has added, by their paths.
    private static func kinds(of noun: RecordNoun, _ connection: StewardConnection) async throws -> [String: FieldKind]
    {
        // No kind of records has more.
        let page = try await connection.fieldDefinitions.listFieldDefinitions(
            ListFieldDefinitionsRequest(filterExpression: "object = \"\(noun.entry.object)\"", pageSize: 1_000))
        return Dictionary(
            page.records.map { (customPrefix + ($0.name ?? ""), $0.kind ?? .unspecified) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Gives the fields that were named, in order, for a mask.
    func apply(to record: Message) throws -> [String] {
        let named = try FieldAssignment.apply(declared, to: record)
        guard !custom.isEmpty, let field = record.descriptor.field("custom_fields") else { return named }
        var items = record.messages(field)
        for assignment in custom where !assignment.text.isEmpty {
            let item = Message.make(CustomField.descriptor, in: record.arena)
            try FieldAssignment.set("name", to: String(assignment.path.dropFirst(Self.customPrefix.count)), in: item)
            let value = Self.value(of: assignment.kind)
            do {
                try FieldAssignment.set(value, to: assignment.text, in: item)
            } catch let problem as UsageProblem {
                throw UsageProblem(problem.text.replacing(value, with: assignment.path), cure: problem.cure)
            }
            items.append(item)
        }
        record.setMessages(field, items)
        return named + custom.map(\.path)
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
