import ArgumentParser

/// Finds out that a word is no command, and which one may have been meant.
enum CommandNames {
    /// Throws for the first word that should name a command and does not.
    static func check(_ arguments: [String], of root: any ParsableCommand.Type) throws(UsageProblem) {
        var command = root
        var path = [root._commandName]
        for argument in arguments {
            let commands = command.configuration.subcommands
            guard !commands.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return }
            guard let next = named(argument, among: commands) else {
                throw problem(argument, path.joined(separator: " "), commands)
            }
            path.append(argument)
            command = next
        }
    }

    /// The command that arguments name, as far as they name one.
    static func command(_ arguments: [String], of root: any ParsableCommand.Type) -> any ParsableCommand.Type {
        var command = root
        for argument in arguments {
            guard let next = named(argument, among: command.configuration.subcommands) else { break }
            command = next
        }
        return command
    }

    private static func named(
        _ word: String, among commands: [any ParsableCommand.Type]
    ) -> (any ParsableCommand.Type)? {
        commands.first { $0._commandName == word || $0.configuration.aliases.contains(word) }
    }

    private static func problem(
        _ word: String, _ path: String, _ commands: [any ParsableCommand.Type]
    ) -> UsageProblem {
        let near = NearNames.of(word, among: commands.map { $0._commandName }).map { "\(path) \($0)" }
        return UsageProblem(
            "\(path) has no command \(word)", cure: NearNames.cure(near, else: "\(path) --help lists them"),
            exitCode: ExitCode.validationFailure.rawValue)
    }
}
