import ArgumentParser
import Contracts
import StewardClient
import Wire

/// What the workspace keeps, as the user sees it.
struct ObjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "object",
        abstract: "Tells the kinds of records with which you may do anything, and their fields.",
        discussion: """
            The fields that your workspace has added are among them, and those that are hidden from you are not.

            Examples:
              steward object list
              steward object describe account
              steward object describe account --output json
            """,
        subcommands: [List.self, Describe.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the kinds of records.")

        @OptionGroup var connection: ConnectionOptions
        @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table

        func run() async throws {
            let objects = try await ModelClient(connection: try await connection.connectSignedIn()).objects()
            let printer = RecordPrinter(format: output, columns: []) { column, record in
                column.name == "actions" ? ObjectText.actions(ObjectSummary(record)) : nil
            }
            try printer.show(
                objects.map { $0.message() }, of: ObjectSummary.descriptor,
                preferred: ["object", "service", "actions"])
        }
    }

    struct Describe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells the fields of a kind of records, and what you may do with them.",
            discussion: """
                ACCESS says what you may do with a field: write, read, or masked, where you see a part of it. USE says what lists can do
                with it: filter, sort, and index where sorting is fast in any table.

                Examples:
                  steward object describe account
                  steward object describe account --language zh
                  steward object describe deal --output json
                  steward object describe deal --output csv > fields.csv
                """)

        @OptionGroup var connection: ConnectionOptions
        @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table
        @Option(help: "Of the labels, as in zh-CN. Default: that of the terminal (LC_ALL, LC_MESSAGES, LANG).")
        var language: String?
        @Argument(help: "Kind of records, as in account or account-contact.") var object: String

        func run() async throws {
            let client = ModelClient(connection: try await connection.connectSignedIn())
            let answer = try await client.describe(
                object.replacing("-", with: "_"), in: language ?? Terminal.language)
            guard let description = answer.description else { return }
            switch output {
            case .table: for line in ObjectText(description, answer.modelVersion).lines { Terminal.line(line) }
            case .json: Terminal.line(MessageJSON.text(answer.message()))
            case .csv, .sheet:
                try RecordPrinter(format: output, columns: []).show(
                    description.fields.map { $0.message() }, of: ObjectField.descriptor, preferred: [])
            }
        }
    }
}
