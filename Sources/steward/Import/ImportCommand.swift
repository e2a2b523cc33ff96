import ArgumentParser
import RPC
import StewardClient
import Tenancy

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Creates records from a CSV file.",
        discussion: """
            The first line names a field for each column, as in display_name, contact_points.email, amount or
            account.external_id (the account with that external id). Columns with an empty name are left out.
            Every row is created or refused alone; --report writes what happened to each.

            Examples:
              steward import accounts accounts.csv --key external_id
              steward import contacts people.csv --report result.csv
            """)

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "What to import, in the plural: accounts, contacts, deals, …") var noun: String
    @Argument(help: "The CSV file, UTF-8.") var file: String
    @Option(help: "Rows whose value in this field exists already count as existed, not as refused.") var key: String?
    @Option(help: "Writes one line for each row: line, result, id or reason, message.") var report: String?

    func run() async throws {
        let plurals = RecordNouns.all.map { ($0, Self.plural($0.name)) }
        guard let noun = plurals.first(where: { $0.1 == noun || $0.0.name == noun })?.0 else {
            throw ValidationError("\(noun) is not one of \(plurals.map(\.1).joined(separator: ", "))")
        }
        let source = try ImportSource(path: file, record: noun.record)
        let client = RecordClient(connection: try await connection.connectSignedIn(), noun: noun)
        var run = try ImportRun(client: client, source: source, key: key, reportPath: report)
        try await run.importAll()
        await client.connection.close()
        for refusal in run.firstRefusals { Terminal.note(refusal) }
        Terminal.line("\(run.created) created, \(run.existed) existed, \(run.refused) refused")
        if run.refused > 0 { throw ExitCode(1) }
    }

    private static func plural(_ noun: String) -> String {
        noun.hasSuffix("y") ? noun.dropLast() + "ies" : noun + "s"
    }
}
