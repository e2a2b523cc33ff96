import AccessControl
import Contracts
import StewardClient
import Wire

/// A field of a kind of records as people write it: deal.amount, account.custom.size; of an object of the workspace's own project.custom.start or
/// custom.project.custom.start.
struct FieldPath: Equatable {
    /// As grants call it, as in account_contact or custom.project.
    let object: String
    /// As in amount or custom.size.
    let field: String

    init(_ text: String) throws(UsageProblem) {
        let isPrefixed = text.hasPrefix(TenantObject.prefix)
        let rest = isPrefixed ? text.dropFirst(TenantObject.prefix.count) : text[...]
        let parts = rest.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw UsageProblem(
                "\(text) names no field", cure: "write it as deal.amount, account.custom.size or project.custom.start")
        }
        object = isPrefixed ? Self.own(parts[0]) : Self.object(parts[0])
        field = parts[1]
    }

    /// Objects are named with underscores, nouns of the command line with hyphens. What is no noun is one of the workspace's own.
    private static func object(_ name: String) -> String {
        let object = name.replacing("-", with: "_")
        return RecordNouns.of(object: object) == nil ? own(object) : object
    }

    private static func own(_ name: String) -> String { TenantObject.prefix + name.replacing("-", with: "_") }

    /// The name of a field that the workspace has added; another field as it is.
    var definedName: String {
        field.hasPrefix(CustomFieldKinds.prefix) ? String(field.dropFirst(CustomFieldKinds.prefix.count)) : field
    }

    /// Whether there is such a field, as far as the caller may know: objects that are hidden from him may have it.
    ///
    /// - Throws: `UsageProblem` for what is certainly none.
    func isKnown(_ connection: StewardConnection) async throws -> Bool {
        guard let noun = RecordNouns.of(object: object) else { throw Self.noObject(object) }
        if noun.record.field(field) != nil { return true }
        let description = try await ModelClient(connection: connection).description(of: noun)
        guard let description else {
            if noun.isOwn { throw Self.noObject(object) }
            return false
        }
        let custom = CustomFieldKinds(description.fields, of: noun)
        if CustomFieldKinds.isPath(field, in: noun.record) { return custom.paths.contains(field) }
        throw custom.problem(of: field) ?? MessageFill.unknown(field, in: noun.record, path: "")
    }

    private static func noObject(_ object: String) -> UsageProblem {
        let name = object.hasPrefix(TenantObject.prefix) ? String(object.dropFirst(TenantObject.prefix.count)) : object
        let near = NearNames.of(name.replacing("_", with: "-"), among: RecordNouns.all.map(\.name))
        return UsageProblem(
            "there are no records called \(name) with which you may do anything",
            cure: NearNames.cure(near, else: "steward object list shows those that there are"))
    }
}
