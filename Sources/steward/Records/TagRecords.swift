import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient
import Tenancy
import Wire

/// Puts tags on all records that a filter selects.
struct TagRecords<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "tag", abstract: "Puts tags on all records that a filter selects, by a job.",
            discussion: """
                The tags that they have stay. Needs the permission \(Record.noun.object).mass_update. steward job undo takes it back within 30
                days. What tags there are shows steward tag list; steward tag create display_name=VIP makes one.

                Example:
                  steward \(Record.noun.name) tag VIP,Hot --filter 'create_time >= 2026-01-01T00:00:00Z' --preview
                """)
    }

    @OptionGroup var options: MatchingOptions
    @Argument(help: TagNames.help) var tags: String

    func run() async throws {
        let client = try await options.records.client(Record.noun)
        let ids = try await TagNames.ids(tags, of: Record.noun, client.connection)
        try await options.run(Record.entry.methods.updateMatching, client) { request in
            try FieldAssignment.set("add_tag_ids", to: ids, in: request)
        }
    }
}

/// Takes tags from all records that a filter selects.
struct UntagRecords<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "untag", abstract: "Takes tags from all records that a filter selects, by a job.",
            discussion: """
                Needs the permission \(Record.noun.object).mass_update. steward job undo takes it back within 30 days.

                Example:
                  steward \(Record.noun.name) untag Hot --filter 'update_time < 2026-01-01T00:00:00Z'
                """)
    }

    @OptionGroup var options: MatchingOptions
    @Argument(help: TagNames.help) var tags: String

    func run() async throws {
        let client = try await options.records.client(Record.noun)
        let ids = try await TagNames.ids(tags, of: Record.noun, client.connection)
        try await options.run(Record.entry.methods.updateMatching, client) { request in
            try FieldAssignment.set("remove_tag_ids", to: ids, in: request)
        }
    }
}

/// Tags as people call them.
enum TagNames {
    static let help = ArgumentHelp("Names or ids of tags, separated by commas.", valueName: "tags")

    /// The field in which records have tags; nil for a kind that has none.
    static func field(of noun: RecordNoun) -> FieldDescriptor? { noun.record.field("tag_ids") }

    /// Their ids, separated by commas.
    static func ids(_ names: String, of noun: RecordNoun, _ connection: StewardConnection) async throws -> String {
        guard !names.trimmed.isEmpty else {
            throw UsageProblem("no tag is named", cure: "name one; steward tag list shows those that there are")
        }
        var resolver = ReferenceResolver(connection: connection)
        let resolved = try await resolver.resolve(["tag=\(names)"], in: noun.record)
        return resolved.compactMap { FieldAssignment.parts($0)?.text }.joined(separator: ",")
    }
}
