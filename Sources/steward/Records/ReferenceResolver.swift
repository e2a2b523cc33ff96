import StewardClient
import Wire

/// Turns references by another field, such as account.external_id=cdnow-4, into ids.
struct ReferenceResolver {
    let connection: StewardConnection

    /// A reference by another field: `account.external_id` sets account_id, `role.display_name` appends to role_ids.
    struct Path: Hashable {
        /// The field to set: account_id or role_ids.
        let target: String
        let noun: String
        let field: String
        let isRepeated: Bool
    }

    private var found: [Path: [String: String]] = [:]

    init(connection: StewardConnection) {
        self.connection = connection
    }

    /// The reference that a path means for a record; nil when it is a plain field path.
    static func path(_ text: String, in record: MessageDescriptor) -> Path? {
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, record.field(parts[0]) == nil else { return nil }
        if record.field(parts[0] + "_id") != nil {
            return Path(target: parts[0] + "_id", noun: noun(parts[0]), field: parts[1], isRepeated: false)
        }
        guard record.field(parts[0] + "_ids") != nil else { return nil }
        return Path(target: parts[0] + "_ids", noun: noun(parts[0]), field: parts[1], isRepeated: true)
    }

    /// parent_account names an account, owner a user.
    private static func noun(_ name: String) -> String {
        if name == "owner" { return "user" }
        let dashed = name.replacing("_", with: "-")
        return RecordNouns.all.map { $0.name }.first { dashed == $0 || dashed.hasSuffix("-" + $0) } ?? dashed
    }

    /// Looks up the values that are not known yet. 200 at a time: a page holds them all even if some occur twice.
    mutating func look(up values: Set<String>, _ path: Path) async throws {
        let unknown = values.subtracting(found[path, default: [:]].keys).sorted()
        guard !unknown.isEmpty else { return }
        guard let noun = RecordNouns.all.first(where: { $0.name == path.noun }),
            let key = noun.record.field(path.field),
            let id = noun.record.field("id")
        else {
            throw UsageProblem(
                "\(path.noun).\(path.field) is not known", cure: "name a field of \(path.noun), or give \(path.target)")
        }
        let client = RecordClient(connection: connection, noun: noun)
        for start in stride(from: 0, to: unknown.count, by: 200) {
            let part = Array(unknown[start..<min(start + 200, unknown.count)])
            for record in try await client.find(path.field, in: part, limit: 1000) {
                let value = FieldText.text(key, of: record)
                guard found[path, default: [:]][value] == nil else {
                    throw UsageProblem(
                        "several records have \(path.noun).\(path.field) = \(value)",
                        cure: "give \(path.target) instead")
                }
                found[path, default: [:]][value] = record.string(id)
            }
        }
    }

    /// The id of the record, after `look(up:)`.
    func id(of value: String, _ path: Path) throws -> String {
        guard let id = found[path]?[value] else {
            throw UsageProblem(
                "no \(path.noun) has \(path.field) = \(value)", cure: "create it first, or check the spelling")
        }
        return id
    }

    /// Replaces references by another field with ids in arguments such as account.external_id=cdnow-4.
    mutating func resolve(_ arguments: [String], in record: MessageDescriptor) async throws -> [String] {
        var resolved: [String] = []
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let path = Self.path(parts[0], in: record) else {
                resolved.append(argument)
                continue
            }
            let values = path.isRepeated ? parts[1].split(separator: ",").map(String.init) : [parts[1]]
            try await look(up: Set(values), path)
            let ids = try values.map { try id(of: $0, path) }
            resolved.append("\(path.target)=\(ids.joined(separator: ","))")
        }
        return resolved
    }
}
