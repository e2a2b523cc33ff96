import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// The commands of validation rules: those of every record, and what a condition comes to on the records that are there.
struct ValidationRuleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ValidationRule.noun.name, abstract: ValidationRule.noun.abstract,
        discussion: """
            Examples:
              steward validation-rule preview account 'not is_set(phone)'
              steward validation-rule create display_name=Phone object=account field=phone condition='not is_set(phone)' message='Enter the phone number.'
              steward validation-rule create display_name=Closed object=deal effect=lock condition='is_set(close_date) and amount(amount) > 1000' message='Closed.' role='Sales manager'
              steward validation-rule update Phone disabled=true
            """,
        subcommands: RecordCommands.standard(ValidationRule.self) + [Preview.self])

    struct Preview: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells for how many of the records that are there a condition holds.",
            discussion: """
                Looks at the last 5,000 of the kind that were created and that you may read. A rule that refuses lets them be until somebody changes a field \
                of its condition.
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "The kind of records, as in account or custom.project.") var object: String
        @Argument(help: "The condition, a formula over the record.") var condition: String

        func run() async throws {
            let client = try await options.client(ValidationRule.noun)
            guard let noun = RecordNouns.of(object: object) else {
                throw UsageProblem(
                    "there are no records \(object)", cure: "steward object list shows those that there are")
            }
            let answer = try await ModelClient(connection: client.connection).preview(condition, of: noun)
            try await options.show(
                [answer.message(in: Arena())], of: PreviewRuleResponse.descriptor,
                preferred: ["holding_count", "looked_count", "complete", "example_ids"], client.connection)
        }
    }
}
