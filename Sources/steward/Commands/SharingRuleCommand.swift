import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// The commands of sharing rules: those of every record, and how far the services are with new ones.
struct SharingRuleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: SharingRule.noun.name, abstract: SharingRule.noun.abstract,
        discussion: """
            Examples:
              steward sharing-rule create display_name=Bavaria object=account filter_expression='region = Bayern' department=Sales
              steward sharing-rule create display_name=Big object=deal filter_expression='amount > "1000000 EUR"' role=Board access=read
              steward sharing-rule create display_name='Contacts of accounts' object=contact parent_object=account access=read
              steward sharing-rule create display_name='Deals of accounts' object=deal parent_object=account access=write
              steward sharing-rule update Bavaria disabled=true
              steward sharing-rule progress

            A rule with a parent_object shares what belongs to a record of that kind with whom the record is shared: contacts, activities and deals of a
            shared account, and records of the workspace's own objects that name it in a field. access=read lets them be read; access=write lets
            whoever may change the account by its share change them, too.
            """,
        subcommands: RecordCommands.standard(SharingRule.self) + [Progress.self])

    struct Progress: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells how far the records are looked through for rules that are new.",
            discussion: """
                Until all records of a kind were looked at, a rule that is new, or has another filter, does not share all that it selects. A rule whose
                selection_id is among the unusable ones has a filter that does not fit its kind, and selects nothing.
                """)

        @OptionGroup var options: RecordOptions

        func run() async throws {
            let client = try await options.client(SharingRule.noun)
            var progress: [Message] = []
            for service in Set(RecordNouns.all.filter(\.isShareable).map(\.service)).sorted() {
                let answer: ListSharingProgressResponse = try await client.connection.channel.call(
                    SharingServiceOf(package: "steward.\(service).v1").listSharingProgress,
                    ListSharingProgressRequest(), CallOptions())
                progress += answer.progress.map { $0.message(in: Arena()) }
            }
            try await options.show(
                progress, of: SharingProgress.descriptor,
                preferred: ["object", "looked_count", "changed_count", "complete", "unusable_selection_ids"],
                client.connection)
        }
    }
}
