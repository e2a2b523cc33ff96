import IdentityContracts
import RPC
import StewardClient
import Wire

/// Turns references by name (stage=Won, owner=rep@demo.example) or by another field (account.external_id=cdnow-4) into ids.
struct ReferenceResolver {
    let connection: StewardConnection

    /// A reference by name or by another field: `account` and `account.external_id` set account_id, `role` sets role_ids.
    struct Path: Hashable {
        /// The field to set: account_id or role_ids.
        let target: String
        let noun: String
        /// The field that is given; nil: the record's name, or its id.
        let field: String?
        let isRepeated: Bool

        /// What a cell names: several records where the field takes some, with commas between or as a JSON array.
        func values(in cell: String) -> [String] {
            let values =
                isRepeated ? ListText.elements(cell) ?? cell.split(separator: ",").map(String.init) : [cell]
            return values.map(\.trimmed).filter { !$0.isEmpty }
        }
    }

    private var references = KnownReferences()
    /// 200 at a time, fewer where names have several parts: a page mostly holds them all even if some occur several times.
    private static let valuesPerCall = 200

    init(connection: StewardConnection) {
        self.connection = connection
    }

    /// The reference that a path means for a record; nil when it is a plain field path.
    static func path(_ text: String, in record: MessageDescriptor) -> Path? {
        let parts = text.split(separator: ".", maxSplits: 1).map(String.init)
        guard let name = parts.first, record.field(name) == nil else { return nil }
        let noun = noun(name)
        let field = parts.count == 2 ? parts[1] : nil
        guard field != nil || RecordNouns.named(noun)?.label.isEmpty == false else { return nil }
        if record.field(name + "_id") != nil {
            return Path(target: name + "_id", noun: noun, field: field, isRepeated: false)
        }
        guard record.field(name + "_ids") != nil else { return nil }
        return Path(target: name + "_ids", noun: noun, field: field, isRepeated: true)
    }

    /// parent_account names an account, owner a user.
    static func noun(_ name: String) -> String {
        if ["owner", "sharer"].contains(name) { return User.noun.name }
        let dashed = name.replacing("_", with: "-")
        let named = RecordNouns.all.map(\.name).filter { dashed == $0 || dashed.hasSuffix("-" + $0) }
        return named.max { $0.count < $1.count } ?? dashed
    }

    /// Throws when there is no such field to look for.
    static func check(_ path: Path) throws(UsageProblem) {
        guard let noun = RecordNouns.named(path.noun), path.field.map({ noun.record.field($0) != nil }) ?? true else {
            throw UsageProblem(
                "\(path.noun).\(path.field ?? "") is not known",
                cure: "name a field of \(path.noun), or give \(path.target)")
        }
    }

    /// Throws when a name stands where an id is wanted, as in role_ids=Support.
    static func checkIDs(_ path: String, _ text: String, in record: MessageDescriptor) throws(UsageProblem) {
        guard !text.hasPrefix("["), let field = record.field(path),
            let reference = RecordColumn.reference(of: field, in: record)
        else { return }
        let values = field.isRepeated ? text.split(separator: ",").map { String($0).trimmed } : [text.trimmed]
        guard let name = values.first(where: { !$0.isEmpty && !RecordNouns.isID($0) }) else { return }
        throw UsageProblem("\(path): \(name) is no id", cure: "write \(reference.name)=… to give names")
    }

    /// Records of this kind are looked up anew: some were made.
    mutating func forget(_ noun: RecordNoun) {
        references.forget(noun)
    }

    /// Looks up the values that are not known yet.
    mutating func look(up values: Set<String>, _ path: Path) async throws {
        let unknown = references.missing(among: values, path)
        guard !unknown.isEmpty else { return }
        try Self.check(path)
        guard let noun = RecordNouns.named(path.noun) else { return }
        let others = try await lookUpMyself(among: unknown, path)
        let client = RecordClient(connection: connection, noun: noun)
        let valuesPerCall = Self.valuesPerCall / max(1, noun.label.count)
        for start in stride(from: 0, to: others.count, by: valuesPerCall) {
            let part = Array(others[start..<min(start + valuesPerCall, others.count)])
            let named = NamedRecords(noun: noun, field: path.field) { lookup, token in
                try await Self.page(lookup, after: token, client, path)
            }
            references.note(try await named.look(up: part), path, noun)
        }
    }

    /// What whoever asks is called beside the name.
    static let me = "me"

    /// Gives the values that are not the user who asks: me, or the own address, which need no right to read users.
    private mutating func lookUpMyself(among values: [String], _ path: Path) async throws -> [String] {
        guard path.noun == User.noun.name, path.field == nil,
            values.contains(where: { $0 == Self.me || $0.contains("@") })
        else { return values }
        let user = try await connection.authentication.getSelf(GetSelfRequest())
        guard let id = user.userID else { return values }
        let own = Set([Self.me, user.email ?? Self.me])
        for value in values where own.contains(value.lowercased()) {
            references.note(value, id: id, path)
        }
        return values.filter { !own.contains($0.lowercased()) }
    }

    private static func page(
        _ lookup: NameLookup, after token: String?, _ client: RecordClient, _ path: Path
    ) async throws -> RecordPage {
        let fields =
            NameLookup.fields(of: client.noun) + KnownReferences.told(of: client.noun) + [path.field].compactMap(\.self)
        do {
            return try await client.page(lookup.conditions, reading: Set(fields).sorted(), after: token)
        } catch let error as RPCError {
            guard error.reason == "PERMISSION_MISSING" else { throw error }
            let noun = client.noun
            let mine = noun.name == User.noun.name ? ", or \(me) for yourself" : ""
            throw UsageProblem(
                "\(noun.plural) are not found by name: you need the permission \(noun.object).read",
                cure: "give \(path.target) with the id\(mine); or ask an admin for the right")
        }
    }

    /// The id of the record, after `look(up:)`: see `KnownReferences`.
    func id(of value: String, _ path: Path, known ids: [String: String] = [:]) throws(UsageProblem) -> String {
        try references.id(of: value, path, known: ids)
    }

    /// Replaces references by name or by another field with ids in arguments such as account.external_id=cdnow-4.
    /// - Parameter known: see `id(of:_:known:)`; what the arguments say counts as well.
    mutating func resolve(
        _ arguments: [String], in record: MessageDescriptor, known: [String: String] = [:]
    ) async throws -> [String] {
        try FieldsSet.check(arguments, of: record)
        let parsed = try arguments.map { argument -> (name: String, value: String, path: Path)? in
            guard let (name, value) = FieldAssignment.parts(argument) else { return nil }
            try Self.checkIDs(name, value, in: record)
            return Self.path(name, in: record).map { (name, value, $0) }
        }
        for case let (_, value, path)? in parsed { try await look(up: Set(Self.values(value, path)), path) }
        var known = known
        for argument in arguments {
            guard let (name, value) = FieldAssignment.parts(argument), name.hasSuffix("_id"), !value.isEmpty else {
                continue
            }
            known[name] = value
        }
        // Those that only one record can be meant by say which of several the others mean.
        for case let (_, value, path)? in parsed where !path.isRepeated {
            if let id = try? id(of: value, path) { known[path.target] = id }
        }
        return try zip(arguments, parsed).map { argument, reference in
            guard let (_, value, path) = reference else { return argument }
            let ids = try Self.values(value, path).map { try id(of: $0, path, known: known) }
            return "\(path.target)=\(ids.joined(separator: ","))"
        }
    }

    /// The values of an argument: an empty one clears the field.
    private static func values(_ text: String, _ path: Path) -> [String] {
        if text.trimmed.isEmpty { return [] }
        return path.isRepeated ? path.values(in: text) : [text]
    }
}
