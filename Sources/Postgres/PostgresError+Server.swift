extension PostgresError {
    /// The fields of an error as the server sent it.
    struct ServerReport {
        var sqlState: String
        var message: String
        var constraint: String?
        var table: String?
        var column: String?
    }

    /// Classifies by SQLSTATE first, then by the names in the text: away from a tenant's own node Citus leaves the
    /// name fields empty.
    init(_ report: ServerReport) {
        let kind = PostgresError.kind(ofSQLState: report.sqlState)
        let constraint = report.constraint.flatMap { $0.isEmpty ? nil : $0 }
        self.init(
            kind, PostgresError.withoutValues(report.message, sqlState: report.sqlState), sqlState: report.sqlState,
            constraint: (constraint ?? PostgresError.quotedName(after: "constraint", in: report.message))
                .map(PostgresError.withoutShardSuffix),
            table: (report.table ?? PostgresError.quotedName(after: "relation", in: report.message))
                .map(PostgresError.withoutShardSuffix),
            column: report.column ?? PostgresError.quotedName(after: "column", in: report.message))
    }

    /// What a SQLSTATE means for us (PostgreSQL, appendix A). Those that are not named, or whose class is not, are faults of a
    /// program.
    static func kind(ofSQLState state: String) -> Kind {
        switch state {
        case "23505": .uniqueViolation
        case "23503", "23001": .foreignKeyViolation
        case "23514": .checkViolation
        case "23502": .notNullViolation
        case "23P01": .exclusionViolation
        case "40001", "72000": .serializationFailure
        case "40P01": .deadlock
        case "42501": .insufficientPrivilege
        case "57014": .queryCanceled
        case "55P03", "55006": .lockTimeout
        case "42P01": .undefinedTable
        case "42703", "42704", "42883", "3F000": .undefinedObject
        case "25006": .readOnlyTransaction
        case "40003", "57P01", "57P02", "57P05", "25P03", "25P04": .connectionLost
        case "57P03", "57P04", "53300", "08001", "08004", "3D000": .unavailable
        default: kind(ofClass: state.prefix(2))
        }
    }

    private static func kind(ofClass sqlClass: Substring) -> Kind {
        switch sqlClass {
        case "08": .connectionLost
        case "22": .invalidInput
        case "28": .unavailable
        case "53": .outOfResources
        case "58": .serverFault
        default: .other
        }
    }

    /// Of the texts of the server those about refused values (class 22) quote them, behind a colon or in double quotes: `invalid input
    /// syntax for type uuid: "…"`; what functions say (P0) may be anything. DETAIL, which quotes keys and whole rows, is never read.
    static func withoutValues(_ message: String, sqlState: String) -> String {
        switch sqlState.prefix(2) {
        case "22": String(message.prefix { $0 != "\"" && $0 != ":" }) + "…"
        case "P0": "…"
        default: message
        }
    }

    /// The name in the first pair of double quotes that follows a word: `… constraint "accounts_name_key"`.
    static func quotedName(after word: String, in text: String) -> String? {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard let index = words.firstIndex(of: Substring(word)), index + 1 < words.count else { return nil }
        let parts = words[index + 1].split(separator: "\"", omittingEmptySubsequences: false)
        return parts.count >= 3 && !parts[1].isEmpty ? String(parts[1]) : nil
    }

    /// `accounts_name_key_102008` → `accounts_name_key`. Our own names never end in an underscore and digits.
    static func withoutShardSuffix(_ name: String) -> String {
        guard let underscore = name.lastIndex(of: "_") else { return name }
        let suffix = name[name.index(after: underscore)...]
        guard !suffix.isEmpty, suffix.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return name }
        return String(name[..<underscore])
    }
}
