import AccessControl
import Contracts

/// A role that every workspace begins with. A tenant's admin may change all but `admin`.
struct BuiltInRole {
    let name: String
    let description: String
    let grants: [Contracts.Grant]

    /// May do everything. Its rights cannot be changed and its last holder cannot be removed, so that no workspace
    /// locks itself out.
    static let admin = BuiltInRole(
        name: "Admin", description: "May do everything in the workspace.",
        grants: grants(on: [anything], [anything], .all))

    static let salesManager = BuiltInRole(
        name: "Sales manager",
        description:
            "Leads a department: everything on the customers and deals of the department and those below it.",
        grants: grants(on: customerObjects + ["deal"], Action.all.map(\.name), .subtree) + directoryGrants)

    static let salesRep = BuiltInRole(
        name: "Sales rep",
        description: "Sells: works on own customers and deals, and reads those of the department.",
        grants: grants(on: customerObjects + ["deal"], ["read"], .unit)
            + grants(on: customerObjects + ["deal"], ["create", "update", "delete"], .own)
            + directoryGrants)

    static let reader = BuiltInRole(
        name: "Reader", description: "Reads all customers and deals and changes nothing.",
        grants: grants(on: customerObjects + ["deal"], ["read"], .all) + directoryGrants)

    static let serviceDesk = BuiltInRole(
        name: "Service desk",
        description:
            "Answers customers: reads all of them, keeps contacts right and writes down what was done.",
        grants: grants(on: customerObjects, ["read"], .all)
            + grants(on: ["contact", "account_contact"], ["create", "update"], .all)
            + grants(on: ["activity"], ["create"], .all)
            + grants(on: ["activity"], ["update", "delete"], .own) + directoryGrants)

    static let all = [admin, salesManager, salesRep, reader, serviceDesk]

    private static let anything = AccessControl.Grant.wildcard

    private static let customerObjects = ["account", "contact", "account_contact", "activity"]

    /// What everybody needs to read the names on records: stages, colleagues, departments.
    private static let directoryGrants = grants(
        on: ["pipeline", "stage", "user", "department"], ["read"], .all)

    private static func grants(
        on objects: [String], _ actions: [String], _ scope: GrantScope
    ) -> [Contracts.Grant] {
        objects.flatMap { object in
            actions.map { Contracts.Grant(object: object, action: $0, scope: scope) }
        }
    }
}
