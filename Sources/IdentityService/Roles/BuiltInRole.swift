import AccessControl
import Contracts

/// A role that every workspace begins with. A tenant's admin may change all but `admin`. What it may do follows from the category of
/// a record type, so that a new type needs no line here; `RoleUpgrade` gives the rights on it to workspaces that exist.
struct BuiltInRole: Sendable {
    let name: String
    let description: String
    /// The rights on the records of a type.
    private let rights: @Sendable (RecordEntry) -> [Right]
    /// Grants that name no type.
    private var general: [Contracts.Grant] = []

    /// Some actions on the records that a scope selects.
    private struct Right {
        let actions: [Action]
        let scope: GrantScope
    }

    /// What the role may do with these types.
    ///
    /// - Parameter actions: names of those that there are; others give no grant.
    func grants(on entries: [RecordEntry], _ actions: Set<String> = RoleCatalogue.actions) -> [Contracts.Grant] {
        general
            + entries.flatMap { entry in
                rights(entry).flatMap { right in
                    right.actions.filter { actions.contains($0.name) }.map {
                        Contracts.Grant(object: entry.object, action: $0.name, scope: right.scope)
                    }
                }
            }
    }

    /// May do everything. Its rights cannot be changed and its last holder cannot be removed, so that no workspace
    /// locks itself out.
    static let admin = BuiltInRole(
        name: "Admin", description: "May do everything in the workspace.", rights: { _ in [] },
        general: [
            Contracts.Grant(object: AccessControl.Grant.wildcard, action: AccessControl.Grant.wildcard, scope: .all)
        ])

    static let salesManager = BuiltInRole(
        name: "Sales manager",
        description:
            "Leads a department: keeps and hands out the customers and deals of the department and those below it.",
        rights: { entry in
            switch entry.category {
            case .customer, .sales:
                [Right(actions: Action.single + [.import, .massUpdate, .reassign], scope: .subtree)]
            case .setup, .directory: [names]
            // A manager shares with the departments below.
            case .personal:
                [Right(actions: [.read, .create, .delete], scope: .own), Right(actions: [.update], scope: .subtree)]
            case .administration: []
            }
        })

    static let salesRep = BuiltInRole(
        name: "Sales rep",
        description: "Sells: works on own customers and deals, and reads those of the department.",
        rights: { entry in
            switch entry.category {
            case .customer, .sales:
                [
                    Right(actions: [.read], scope: .unit),
                    Right(actions: [.create, .update, .delete], scope: .own),
                ]
            case .setup, .directory: [names]
            case .personal: [own]
            case .administration: []
            }
        })

    static let reader = BuiltInRole(
        name: "Reader", description: "Reads all customers and deals and changes nothing.",
        rights: { entry in
            switch entry.category {
            case .customer, .sales: [Right(actions: [.read], scope: .all)]
            case .setup, .directory: [names]
            case .personal: [own]
            case .administration: []
            }
        })

    static let serviceDesk = BuiltInRole(
        name: "Service desk",
        description:
            "Answers customers: reads all of them, keeps contacts right and writes down what was done.",
        rights: { entry in
            switch entry.category {
            case .customer: [Right(actions: [.read], scope: .all)] + (keptByServiceDesk[entry.object] ?? [])
            case .setup, .directory: [names]
            case .personal: [own]
            case .sales, .administration: []
            }
        })

    static let all = [admin, salesManager, salesRep, reader, serviceDesk]

    /// What everybody needs to read the names on records: stages, colleagues, departments.
    private static let names = Right(actions: [.read], scope: .all)

    /// What everybody keeps for himself.
    private static let own = Right(actions: Action.single, scope: .own)

    private static let keptByServiceDesk: [String: [Right]] = [
        "contact": [Right(actions: [.create, .update], scope: .all)],
        "account_contact": [Right(actions: [.create, .update], scope: .all)],
        "activity": [
            Right(actions: [.create], scope: .all), Right(actions: [.update, .delete], scope: .own),
        ],
    ]
}

extension [Contracts.Grant] {
    /// As the record engine stores grants. Objects and actions are lower-case words, so nothing needs escaping.
    var json: String {
        let items = map { grant in
            "{\"object\":\"\(grant.object ?? "")\",\"action\":\"\(grant.action ?? "")\",\"scope\":\(grant.scope?.rawValue ?? 0)}"
        }
        return "[\(items.joined(separator: ","))]"
    }
}
