import IdentityContracts
import Postgres

/// Which role is the one that came with the workspace and may do everything: stated here, for records and for SQL.
enum AdminRole {
    private static let selection = Statement(
        "SELECT id FROM {schema}.roles WHERE built_in AND deleted_at IS NULL AND grants @> $1")

    private static let holding = Statement(
        "SELECT id FROM {schema}.roles WHERE built_in AND deleted_at IS NULL AND grants @> $1 FOR UPDATE")

    /// Its id.
    static var find: Query { Query(selection) { $0.appendJSON(BuiltInRole.admin.grants(on: []).json) } }

    /// The same, held until the transaction ends.
    static var hold: Query { Query(holding) { $0.appendJSON(BuiltInRole.admin.grants(on: []).json) } }
}

extension Role {
    var isAdmin: Bool { builtIn == true && grants == BuiltInRole.admin.grants(on: []) }
}
