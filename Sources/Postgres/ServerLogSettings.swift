/// What the server would write of a session's work to its own log. Values of records do not belong there: it has other readers than
/// the database, and lives longer. deploy/postgres/steward.conf sets it right for the server, InstallationSetup for Steward's logins.
package enum ServerLogSettings {
    /// What every login of Steward has for itself, whatever the server's own settings say. Only a superuser can give it to them.
    package static let ofLogins: [(setting: String, value: String)] = [
        ("log_parameter_max_length", "0"), ("log_parameter_max_length_on_error", "0"),
        ("log_error_verbosity", "terse"), ("log_min_messages", "log"),
    ]

    /// Settings under which the log gets values, and what each is to be.
    static let rules: [(setting: String, cure: String, isRight: @Sendable (String?) -> Bool)] = [
        ("log_parameter_max_length", "0", { $0 == "0" }),
        ("log_parameter_max_length_on_error", "0", { $0 == "0" }),
        // DETAIL quotes the keys and rows that break a constraint.
        ("log_error_verbosity", "terse", { $0 == "terse" }),
        // Above "error": texts of errors quote the value that a type refuses.
        ("log_min_messages", "log", { $0.map { ["log", "fatal", "panic"].contains($0) } ?? false }),
        // Trees and plans hold the values that were bound.
        ("debug_print_parse", "off", { $0 == "off" }),
        ("debug_print_rewritten", "off", { $0 == "off" }),
        ("debug_print_plan", "off", { $0 == "off" }),
        ("auto_explain.log_min_duration", "-1", { $0 == nil || $0 == "-1" }),
    ]

    /// One line for each that is wrong, with the cure. Empty when the log gets no values.
    static func problems(_ values: [String?]) -> [String] {
        zip(rules, values).compactMap { rule, value in
            rule.isRight(value) ? nil : "\(rule.setting) is \(value ?? "unknown"), should be \(rule.cure)"
        }
    }

    /// A column for each rule.
    static let query = Statement(
        unsafeGenerated: "SELECT "
            + rules.map { "pg_catalog.current_setting('\($0.setting)', true)" }.joined(separator: ", "))
}

extension PostgresPool {
    /// The settings of the server under which its log would get values of records, a line for each; empty when it gets none.
    package func logProblems(_ scope: TransactionScope) async throws(PostgresError) -> [String] {
        let row = try await run(scope, ServerLogSettings.query, Parameters()).one()
        var values: [String?] = []
        for index in ServerLogSettings.rules.indices { values.append(try row.optionalString(index)) }
        return ServerLogSettings.problems(values)
    }
}
