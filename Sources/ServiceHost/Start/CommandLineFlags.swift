/// What a program was told on its command line.
struct CommandLineFlags: Equatable {
    /// What to do.
    enum Task: Equatable { case run, check, showVersion, showHelp }

    var task = Task.run
    var config: String?
    var overrides: [String] = []

    /// Why a command line is refused; says which argument and what to give instead.
    struct Refusal: Error, Equatable {
        let message: String
    }

    /// Reads the arguments after the program's name. `--name value` and `--name=value` are the same.
    init(_ arguments: [String]) throws(Refusal) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let (name, inline) = Self.split(argument)
            switch name {
            case "--check": task = .check
            case "--version": task = .showVersion
            case "--help", "-h": task = .showHelp
            case "--config": config = try Self.value(of: name, inline, &rest)
            case "--set": overrides.append(try Self.value(of: name, inline, &rest))
            default: throw Refusal(message: "\(argument) is not a flag of this program; see --help")
            }
            if inline != nil && name != "--config" && name != "--set" {
                throw Refusal(message: "\(name) takes no value")
            }
        }
    }

    private static func split(_ argument: String) -> (String, String?) {
        guard argument.hasPrefix("--"), let separator = argument.firstIndex(of: "=") else {
            return (argument, nil)
        }
        return (String(argument[..<separator]), String(argument[argument.index(after: separator)...]))
    }

    private static func value(
        of name: String, _ inline: String?, _ rest: inout ArraySlice<String>
    ) throws(Refusal) -> String {
        guard let value = inline ?? rest.popFirst(), !value.isEmpty else {
            throw Refusal(message: "\(name) needs a value; see --help")
        }
        return value
    }

    /// The text of `--help`.
    static func help(program: String) -> String {
        """
        usage: \(program) --config FILE [--set KEY=VALUE]… [--check]

          --config FILE      settings file, YAML
          --set KEY=VALUE    one setting; wins over STEWARD_… in the environment, which wins over the file
          --check            validate, print the effective settings with secrets hidden, and stop
          --version          print the version and stop
          --help             print this and stop

        Signals: TERM and INT finish the accepted calls and stop; HUP reads certificates and log level again.

        examples:
          \(program) --config /etc/steward/settings.yaml
          \(program) --config settings.yaml --set log.level=debug --check

        """
    }
}
