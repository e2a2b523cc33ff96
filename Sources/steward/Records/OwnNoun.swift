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

    /// What other commands are called.
    private static let taken = Set(
        Steward.configuration.subcommands.filter { $0 != RecordCommand<Record>.self }.map { $0._commandName } + [word])

    /// How an object is called as a command: custom.account is another command than account.
    static func word(of name: String) -> String {
        let dashed = name.replacing("_", with: "-")
        return taken.contains(dashed) ? TenantObject.prefix + dashed : dashed
    }

    /// The arguments with the command of such objects in place of one's name: after `custom.`, or any word that could be a name and is no
    /// command. Of a word that may be a mistyped command the workspace is asked whether it has such an object.
    static func replaced(
        in arguments: [String], of root: any ParsableCommand.Type, isDefined: (String) async -> Bool
    ) async -> [String] {
        guard let word = arguments.first, word != "help", let own = own(word) else { return arguments }
        if !word.hasPrefix(TenantObject.prefix) {
            let commands = root.configuration.subcommands.map { $0._commandName }
            guard !commands.contains(word) else { return arguments }
            if !NearNames.of(word, among: commands).isEmpty, await !isDefined(own) { return arguments }
        }
        name.withLock { $0 = own }
        return [Record.noun.name] + arguments.dropFirst()
    }

    /// Whether the workspace has an object with which the user may do anything. Who is not signed in, or reaches no server, has none.
    static func isDefined(_ own: String, _ arguments: [String]) async -> Bool {
        do {
            let steward = try await ConnectionOptions.among(arguments).connectSignedIn()
            let noun = RecordNoun(Record.entry, own: own)
            return try await ModelClient(connection: steward).description(of: noun) != nil
        } catch {
            return false
        }
    }

    /// The noun of an object by its name, with or without `custom.`; nil for what can be no name. The command is about it from now on.
    static func named(_ word: String) -> RecordNoun? {
        guard let own = own(word) else { return nil }
        name.withLock { $0 = own }
        return RecordNoun(Record.entry, own: own)
    }

    /// The name of an object that a word may mean, with or without `custom.`; nil for what can be no name.
    static func own(_ word: String) -> String? {
        let text = word.hasPrefix(TenantObject.prefix) ? String(word.dropFirst(TenantObject.prefix.count)) : word
        let own = text.replacing("-", with: "_")
        return TenantField.isName(own) ? own : nil
    }

    /// Says in a request on records of such objects which one is meant, unless it says so itself.
    static func address(_ request: Message, of method: MethodDefinition) throws {
        guard method.path.hasPrefix("\(Record.entry.service.name ?? "")/"),
            request.descriptor.field("object").map({ !request.has($0) }) ?? false
        else { return }
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
