import Testing

@testable import Postgres

@Suite struct PostgresErrorTests {
    private func error(_ state: String, _ message: String = "", constraint: String? = nil) -> PostgresError {
        PostgresError(PostgresError.ServerReport(sqlState: state, message: message, constraint: constraint))
    }

    @Test(arguments: [
        ("23505", PostgresError.Kind.uniqueViolation), ("42501", .insufficientPrivilege),
        ("57014", .queryCanceled),
        ("55P03", .lockTimeout), ("40P01", .deadlock), ("57P01", .connectionLost), ("08006", .connectionLost),
        ("57P03", .unavailable), ("53300", .unavailable), ("22P02", .invalidInput),
        ("25006", .readOnlyTransaction),
        ("XX000", .other), ("53100", .outOfResources), ("53200", .outOfResources), ("53400", .outOfResources),
        ("58030", .serverFault), ("58P01", .serverFault), ("57P04", .unavailable), ("3D000", .unavailable),
        ("28P01", .unavailable), ("25P04", .connectionLost), ("55006", .lockTimeout), ("23001", .foreignKeyViolation),
        ("54001", .other), ("42601", .other), ("XX001", .other),
    ])
    func isToldByItsState(_ state: String, _ kind: PostgresError.Kind) {
        #expect(error(state).kind == kind)
    }

    @Test func findsTheNamesThatCitusLeavesToTheText() {
        let error = error(
            "23505", #"duplicate key value violates unique constraint "accounts_name_key_102008""#)
        #expect(error.constraint == "accounts_name_key")
        let column = self.error(
            "23502",
            #"null value in column "name" of relation "accounts_102008" violates not-null constraint"#)
        #expect(column.column == "name")
        #expect(column.table == "accounts")
    }

    @Test(arguments: [
        ("22P02", #"invalid input syntax for type uuid: "Ada""#, "invalid input syntax for type uuid…"),
        ("22003", #"value "7771234567890" is out of range for type integer"#, "value …"),
        ("22008", #"date/time field value out of range: "1999-99-99""#, "date/time field value out of range…"),
        ("P0001", "Ada may not do this", "…"),
        (
            "23505", #"duplicate key value violates unique constraint "things_name_key""#,
            #"duplicate key value violates unique constraint "things_name_key""#
        ),
    ])
    func theLogGetsNoValues(_ state: String, _ message: String, _ kept: String) {
        #expect(error(state, message).message == kept)
        #expect(error(state, message).logText.hasSuffix(" \(state): \(kept)"))
    }

    @Test func settingsUnderWhichTheServerLogsValues() {
        let right: [String?] = ["0", "0", "terse", "log", "off", "off", "off", nil]
        #expect(ServerLogSettings.problems(right) == [])
        #expect(
            ServerLogSettings.problems(["-1", "0", "default", "warning", "off", "off", "on", "250ms"]) == [
                "log_parameter_max_length is -1, should be 0", "log_error_verbosity is default, should be terse",
                "log_min_messages is warning, should be log", "debug_print_plan is on, should be off",
                "auto_explain.log_min_duration is 250ms, should be -1",
            ])
    }

    @Test func fieldsOfTheServerComeFirst() {
        let error = error("23505", #"… constraint "other""#, constraint: "accounts_name_key")
        #expect(error.constraint == "accounts_name_key")
    }

    @Test func onlyWhatDidNotHappenIsRetryable() {
        #expect(error("40001").isRetryable)
        #expect(!error("23505").isRetryable)
        #expect(PostgresError(.connectionLost, "").isRetryable)
        #expect(!PostgresError(.connectionLost, "", isOutcomeUnknown: true).isRetryable)
    }

    @Test(arguments: ["53100", "53200", "53300", "53400", "58030", "25006", "57P01"])
    func theLogTellsTheOperatorWhatToDo(_ state: String) {
        let error = error(state, "could not extend file: secret")
        #expect(error.cure != nil && "\(error)".contains(error.cure ?? "?"))
        #expect(!"\(error)".contains("secret"))
    }

    @Test func theDescriptionLeaksNothing() {
        let error = error("23505", "Key (email)=(ann@example.com) already exists.")
        #expect(!"\(error)".contains("ann"))
        let settings = PostgresSettings(dsn: "host=h password=hush", password: "secret")
        #expect(!"\(settings)".contains("hush"))
        var dumped = ""
        dump(settings, to: &dumped)
        #expect(!dumped.contains("hush") && !dumped.contains("secret"))
    }
}

@Suite struct TimingTests {
    @Test func backoffDoublesToASecondWithJitter() {
        #expect(Backoff.delay(failures: 0, random: 1) == 0)
        #expect(Backoff.delay(failures: 1, random: 1) == Backoff.first)
        #expect(Backoff.delay(failures: 1, random: 0) == Backoff.first / 2)
        #expect(Backoff.delay(failures: 3, random: 1) == 4 * Backoff.first)
        #expect(Backoff.delay(failures: 1_000, random: 1) == Backoff.last)
    }

    @Test func timeoutsAreNeverShorterThanTheDeadline() {
        for milliseconds in [0, 1, 50, 51, 999, 5_000, 5_001] {
            let index = TimeoutRung.index(forNanoseconds: UInt64(milliseconds) * 1_000_000)
            #expect(TimeoutRung.milliseconds[index] >= milliseconds)
        }
        #expect(TimeoutRung.index(forNanoseconds: .max) == TimeoutRung.milliseconds.count - 1)
    }
}
