import AccessControl
import ArgumentParser
import Contracts
import CustomerContracts
import RPC
import Synchronization
import Wire

/// The object of the workspace's own that this command is about, as in steward project list: a noun that only the server knows. All such
/// objects have the commands of `Record`.
enum OwnNoun {
    private static let name = Mutex<String?>(nil)

    /// Nil when the command is about something else.
    static var current: String? { name.withLock { $0 } }

    /// The command that has the commands of all of them.
    private static let word = RecordNoun(Record.entry, own: nil).name

    /// The arguments with the command of such objects in place of one's name: after `custom.`, or any word that could be a name and is like no
    /// command.
    static func replaced(in arguments: [String], of root: any ParsableCommand.Type) -> [String] {
        guard let word = arguments.first else { return arguments }
        let commands = root.configuration.subcommands.map { $0._commandName }
        let isPlain = !commands.contains(word) && NearNames.of(word, among: commands).isEmpty && word != "help"
        guard isPlain || word.hasPrefix(TenantObject.prefix), take(word) != nil else { return arguments }
        return [Record.noun.name] + arguments.dropFirst()
    }

    /// The noun of an object by its name, with or without `custom.`; nil for what can be no name. The command is about it from now on.
    static func named(_ word: String) -> RecordNoun? { take(word).map { RecordNoun(Record.entry, own: $0) } }

    private static func take(_ word: String) -> String? {
        let text = word.hasPrefix(TenantObject.prefix) ? String(word.dropFirst(TenantObject.prefix.count)) : word
        let own = text.replacing("-", with: "_")
        guard TenantField.isName(own) else { return nil }
        name.withLock { $0 = own }
        return own
    }

    /// Says in a request on records of such objects which one is meant.
    static func address(_ request: Message, of method: MethodDefinition) throws {
        guard method.path.hasPrefix("\(Record.entry.service.name ?? "")/") else { return }
        guard let current else {
            throw UsageProblem(
                "steward \(word) does not say which object is meant",
                cure:
                    "write its name in its place, as in steward project list; steward object-definition list shows them"
            )
        }
        try FieldAssignment.set("object", to: current, in: request)
    }
}
