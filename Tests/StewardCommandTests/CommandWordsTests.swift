import RPC
import Testing

@testable import steward

/// Servers speak of fields and methods, people of options and commands.
@Suite struct CommandWordsTests {
    private static let transfer = ["user", "transfer", "ann", "--to", "客服", "--with-records", "--on", "x"]

    @Test(arguments: [
        (transfer, "effective_date must be a day; or with_records.", "--on must be a day; or --with-records."),
        (transfer, "Cancel it with CancelJob.", "Cancel it with steward job cancel."),
        (transfer, "department_id names nothing, some_field neither.", "--to names nothing, some_field neither."),
        (["account", "list"], "page_size is 0; effective_date stays.", "--limit is 0; effective_date stays."),
        (["account", "list"], "Narrow the filter; order_by id.", "Narrow the filter; --order-by id."),
        (["account", "list"], "Or with UpdateMatchingAccounts", "Or with steward account update-matching"),
        (["job", "list"], "See ReflectionService/ListServices.", "See steward describe."),
        (["account", "create", "owner=x"], "owner_id names nobody.", "owner names nobody."),
        (
            ["account", "create", "account.external_id=x"], "account_id names nobody.",
            "account.external_id names nobody."
        ),
        (["account", "update", "x", "city="], "account.city: city is short", "city: city is short"),
        (["account", "reassign-matching", "--to", "x"], "owner_id names nobody.", "--to names nobody."),
    ])
    func wordsOfTheAPIAreThoseThatWereTyped(_ arguments: [String], _ text: String, _ told: String) {
        #expect(CommandWords(arguments: arguments).told(text) == told)
    }

    @Test(arguments: [
        (["account", "list", "--filter", "page_size = 3"], "account has no field page_size."),
        (["account", "get", "CancelJob"], "No account CancelJob."),
        (["call", "UserService/TransferUser"], "effective_date; CancelJob"), ([], "page_size is 0, with_records."),
        (["account", "create", "display_name=x"], "You need account.create, at limits.rows_max or U.S. rates"),
    ])
    func whatThePersonWroteAndWhatNobodyKnowsStays(_ arguments: [String], _ text: String) {
        #expect(CommandWords(arguments: arguments).told(text) == text)
    }

    @Test(arguments: [
        (transfer, "effective_date", "Give a day.", "--on: Give a day."),
        (transfer, "effective_date", "effective_date is wrong.", "--on is wrong."),
        (transfer, "unknown_field", "Give another.", "Give another."),
        (
            ["user", "deactivate", "x", "--to", "y"], "department_successors[0].successor_id", "No.",
            "--department-to: No."
        ),
        (["account", "list"], "filter_expression", "At character 8.", "--filter: At character 8."),
        (["settings", "set", "time-zone=x"], "settings.time_zone", "Give a zone.", "time-zone: Give a zone."),
        (["account", "create", "city=x"], "account.city", "account.city: city is long.", "city is long."),
        (["call", "X/Y"], "effective_date", "Give a day.", "Give a day."),
        (["role", "update", "x"], "role.grants[3].scope", "scope is wrong.", "grants[3].scope: scope is wrong."),
        (
            ["course", "create"], "record.display_name", "record.display_name: display_name must be set.",
            "display_name must be set."
        ),
        (
            ["course", "create"], "record.custom.due", "the first: record.custom.due: custom.due must be set.",
            "the first: custom.due must be set."
        ),
    ])
    func theOnlyWrongFieldIsNamed(_ arguments: [String], _ field: String, _ text: String, _ told: String) {
        let error = RPCError.invalidArgument("X", text, field: field, domain: "d")
        let words = CommandWords(arguments: arguments)
        #expect(words.message(of: error) == told)
        #expect(Failure.text(error, words) == "\(told) [INVALID_ARGUMENT d/X]")
    }
}
