import AccessControl
import Contracts
import IdentityContracts
import StewardClient

/// A right of a role as it is typed: deal delete own, deal.delete own, custom.project.update all. The scope may be left out where there is only
/// one.
struct GrantWords: Equatable {
    /// As in account_contact, custom.project or *.
    private(set) var object: String
    let action: String
    let scope: GrantScope?

    /// Those that there are, as help tells them.
    static let actions = [
        "read", "create", "update", "delete", "import", "export", "mass_update", "reassign", "erase", "merge",
    ]

    init(_ words: [String], takesScope: Bool) throws(UsageProblem) {
        var words = words
        // In one word, as errors name a right. An object of the workspace's own has a dot in its name.
        if let first = words.first, let dot = first.lastIndex(of: "."), first[..<dot] + "." != TenantObject.prefix {
            words[0...0] = [String(first[..<dot]), String(first[first.index(after: dot)...])]
        }
        guard words.count == 2 || takesScope && words.count == 3 else {
            let scope = takesScope ? ", and a scope" : ""
            throw UsageProblem(
                "\(words.joined(separator: " ")) is no right",
                cure: "give a kind of records and an action\(scope), as in deal delete\(takesScope ? " own" : "")")
        }
        // Objects are named with underscores, nouns of the command line with hyphens.
        (object, action) = (words[0].replacing("-", with: "_"), words[1].replacing("-", with: "_"))
        scope = words.count == 3 ? try RoleEdit.scope(words[2]) : nil
    }

    /// The same of an object of the workspace's own where no other kind has the name: project for custom.project.
    func meant(_ connection: StewardConnection) async throws -> GrantWords {
        guard RecordNouns.of(object: object) == nil, let noun = RecordNouns.of(object: TenantObject.prefix + object),
            try await ModelClient(connection: connection).description(of: noun) != nil
        else { return self }
        var meant = self
        meant.object = noun.object
        return meant
    }

    /// - Throws: `UsageProblem` where several scopes may be meant.
    var scopeOrAll: GrantScope {
        get throws(UsageProblem) {
            if let scope { return scope }
            guard let noun = RecordNouns.of(object: object), noun.entry.ownership != .owned else {
                throw UsageProblem(
                    "the scope of \(object).\(action) is missing", cure: "add own, unit, subtree or all")
            }
            return .all
        }
    }
}
