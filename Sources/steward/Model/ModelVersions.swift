import ArgumentParser
import IdentityContracts
import StewardClient
import Tenancy

/// What was made of the model.
struct ModelVersions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "Lists what was made of the model by apply and undo, the newest first.",
        discussion: """
            Examples:
              steward model versions
              steward model versions --limit 1 --output json
            """)

    @OptionGroup var options: ModelOptions
    @Option(help: "Most versions, 1 to 100; older ones are counted as more.") var limit: Int32 = 20

    func run() async throws {
        let steward = try await options.connection.connectSignedIn()
        let answer = try await steward.workspaceModel.listWorkspaceModelVersions(
            ListWorkspaceModelVersionsRequest(pageSize: limit))
        if options.output == .json { return Terminal.line(MessageJSON.text(answer.message())) }
        for version in answer.versions {
            Terminal.line(
                "Version \(version.version ?? 0), \(version.createTime?.text ?? ""), by user \(version.userID ?? "")")
            if let undone = version.undoneVersion { Terminal.line("  takes back version \(undone)") }
            if let undoing = version.undoingVersion { Terminal.line("  was taken back by version \(undoing)") }
            ModelText.show(version.changes)
        }
        Terminal.note("\(answer.versions.count) versions\(answer.nextPageToken == nil ? "" : ", and more: --limit")")
    }
}

/// Takes back what was last made of the model.
struct ModelUndo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo", abstract: "Takes back what the last apply that stands did: all of it or nothing.",
        discussion: """
            What it made is deleted, what it changed is as before. Refused when records or values would be lost, or when somebody changed the same since.

            Examples:
              steward model undo --preview
              steward model undo --version 3
            """)

    @OptionGroup var options: ModelOptions
    @Option(help: "The version that you mean: refused when another one is the last that stands.") var version: Int64?
    @Flag(help: "Shows what would be done, and does nothing.") var preview = false

    func run() async throws {
        let steward = try await options.connection.connectSignedIn()
        let answer = try await steward.workspaceModel.undoWorkspaceModel(
            UndoWorkspaceModelRequest(version: version, preview: preview ? true : nil), options: .write())
        if options.output == .json { return Terminal.line(MessageJSON.text(answer.message())) }
        ModelText.show(answer.changes)
        Terminal.note("version \(answer.undoneVersion ?? 0) \(preview ? "would be" : "was") taken back")
    }
}
