import ArgumentParser
import FoundationEssentials
import IdentityContracts
import StewardClient
import Wire

/// The model of a workspace as a file: its objects, choice lists, fields, roles, shared views, sharing rules, validation rules and settings.
struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model",
        abstract:
            "Takes the workspace's objects, choice lists, fields, roles, shared views, sharing rules, validation rules and settings out as a file, and makes those of a file.",
        discussion: """
            The file is YAML. deploy/templates has some that are ready for use.

            Examples:
              steward model export -o model.yaml
              steward model diff deploy/templates/training.yaml
              steward model apply deploy/templates/training.yaml
              steward model versions
              steward model undo --preview
            """,
        subcommands: [Export.self, Diff.self, Apply.self, ModelVersions.self, ModelUndo.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Writes the workspace's model, as YAML or as JSON.")

        @OptionGroup var options: ModelOptions
        @Option(name: .short, help: "The file to write, which must not be there. Default: standard output.") var out:
            String?

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let answer = try await steward.workspaceModel.getWorkspaceModel(GetWorkspaceModelRequest())
            let model = answer.model ?? WorkspaceModel()
            let text = options.output == .json ? MessageJSON.text(model.message()) + "\n" : try ModelFile.text(model)
            guard let out else { return Terminal.line(text.hasSuffix("\n") ? String(text.dropLast()) : text) }
            do {
                try Data(text.utf8).write(to: URL(filePath: out), options: .withoutOverwriting)
            } catch {
                throw UsageProblem(
                    "\(out) cannot be written", cure: "give a file that is not there, in a folder that is")
            }
            Terminal.note(
                "\(model.objects.count) objects, \(model.choiceLists.count) choice lists, \(model.fields.count) fields, \(model.roles.count) roles, \(model.views.count) views, \(model.sharingRules.count) sharing rules and \(model.validationRules.count) validation rules in \(TerminalText.oneLine(out))"
            )
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what apply would change, and what it would take away.",
            discussion: """
                Objects, choice lists, fields, roles, views, sharing rules and validation rules that the file does not name stay as they are. Those that it names become as the file has them: what \
                is not written there, as a grant or a choice, is taken away.
                """)

        @OptionGroup var options: ModelOptions
        @Argument(help: "A model.") var file: String

        func run() async throws { try await options.apply(file, preview: true) }
    }

    struct Apply: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes what a file holds in the workspace: all of it or, when anything is refused, nothing.",
            discussion:
                "Needs the rights to create and update object definitions, choice lists, field definitions and roles, to update settings, and those on saved views, sharing rules and validation rules if the file has such. What was done is a version: steward model versions, steward model undo."
        )

        @OptionGroup var options: ModelOptions
        @Option(
            help: "The version of the model that you have seen, as diff tells it: refused when another one is the last."
        )
        var version: Int64?
        @Argument(help: "A model.") var file: String

        func run() async throws { try await options.apply(file, preview: false, seen: version) }
    }
}

struct ModelOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "table (YAML for export) or json.") var output: PlainFormat = .table

    enum PlainFormat: String, ExpressibleByArgument, CaseIterable { case table, json }

    func apply(_ file: String, preview: Bool, seen version: Int64? = nil) async throws {
        let model = try ModelFile.read(file)
        let steward = try await connection.connectSignedIn()
        let request = ApplyWorkspaceModelRequest(model: model, preview: preview, modelVersion: version)
        let answer: ApplyWorkspaceModelResponse
        do {
            answer = try await steward.workspaceModel.applyWorkspaceModel(request, options: .write())
        } catch {
            throw ModelPlace.named(error, in: model)
        }
        if output == .json { return Terminal.line(MessageJSON.text(answer.message())) }
        ModelText.show(answer.changes)
        let made = preview ? "would be changed" : "changed"
        Terminal.note("\(answer.changes.count) \(made), \(answer.unchangedCount ?? 0) as they are in the file")
        if let last = answer.modelVersion { Terminal.note("The model has the version \(last)") }
        let removed = ModelText.removedCount(answer.changes)
        if removed > 0 {
            Terminal.note(
                "\(removed) values that the file does not have \(preview ? "would be" : "were") taken away: the lines with -"
            )
        }
    }
}
