import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient
import Tenancy
import Wire

struct SettingsVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "Lists the versions of the settings, the newest first: what each changed, and from when it holds.")

    @OptionGroup var options: SettingsOptions
    @Option(help: "Most versions to list.") var limit = 20

    func run() async throws {
        let steward = try await options.connection.connectSignedIn()
        var (versions, token): ([SettingsVersion], String?) = ([], nil)
        repeat {
            let page = try await steward.settings.listSettingsVersions(
                ListSettingsVersionsRequest(pageSize: Int32(min(max(limit - versions.count, 1), 100)), pageToken: token)
            )
            versions += page.versions
            token = page.nextPageToken
        } while token != nil && versions.count < limit
        if token != nil { Terminal.note("there are more; --limit shows them") }
        guard options.output == .table else {
            return try RecordPrinter(format: options.output, columns: []).show(
                versions.map { $0.message() }, of: SettingsVersion.descriptor, preferred: [])
        }
        var table = Table(
            columns: ["version", "holds from", "", "changed", "by"].map { Table.Column(title: $0) })
        table.rows = versions.map(Self.row)
        for line in table.lines(width: Terminal.width) { Terminal.line(line) }
    }

    static func row(_ version: SettingsVersion) -> [String] {
        [
            version.settings?.version.map { String($0) } ?? "",
            version.settings?.effectiveTime?.text ?? "the beginning",
            version.cancelTime != nil ? "taken back" : version.upcoming == true ? "to come" : "",
            version.changedFields.joined(separator: ", "), version.userID ?? "",
        ]
    }
}

struct SettingsDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what two versions of the settings have in different ways.",
        discussion: """
            What another workspace has in different ways: steward model export there, and steward model diff here.

            Examples:
              steward settings diff 3
              steward settings diff 3 5
            """)

    @OptionGroup var options: SettingsOptions
    @Argument(help: "A version.") var version: Int64
    @Argument(help: "Another version. Default: the one that holds now.") var other: Int64?

    func run() async throws {
        let steward = try await options.connection.connectSignedIn()
        let answer = try await steward.settings.compareSettingsVersions(
            CompareSettingsVersionsRequest(version: version, otherVersion: other))
        guard options.output == .table else {
            return try RecordPrinter(format: options.output, columns: []).show(
                answer.changes.map { $0.message() }, of: ModelFieldChange.descriptor, preferred: [])
        }
        var table = Table(columns: ["setting", "only before", "only after"].map { Table.Column(title: $0) })
        table.rows = answer.changes.map {
            [$0.field ?? "", $0.removed.joined(separator: ", "), $0.added.joined(separator: ", ")]
        }
        guard !table.rows.isEmpty else { return Terminal.note("they are the same") }
        for line in table.lines(width: Terminal.width) { Terminal.line(line) }
    }
}

struct SettingsCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Takes a change of the settings back that does not hold yet.")

    @OptionGroup var options: SettingsOptions
    @Argument(help: "Its version, as steward settings versions lists it.") var version: Int64

    func run() async throws {
        let steward = try await options.connection.connectSignedIn()
        let answer = try await steward.settings.cancelSettingsVersion(
            CancelSettingsVersionRequest(version: version), options: .write())
        guard options.output == .table else {
            return try RecordPrinter(format: options.output, columns: []).show(
                one: (answer.version ?? SettingsVersion()).message())
        }
        Terminal.note("version \(version) is taken back")
    }
}
