package import Contracts
import Glibc
package import Settings
package import Tenancy

/// A program, from its command line to its exit code. An executable is one statement:
///
///     Program.run(CustomerService.definition, contracts: ContractCatalogue(joining: [.shared, .customer]))
///
/// Exit codes: 0 served and drained, or `--check` found nothing wrong; 1 could not start, with the cure on standard
/// error; 64 wrong command line.
package struct Program: Sendable {
    private let name: ServiceName
    private let contracts: ContractCatalogue
    private var executable: String { "steward-\(name.rawValue)" }

    /// - Parameter contracts: those that the program serves or must know of.
    package init(_ name: ServiceName, contracts: ContractCatalogue) {
        self.name = name
        self.contracts = contracts
    }

    /// Runs the program; `build` makes what it serves. It runs on the first loop, before anything listens for calls.
    package func run(_ build: @escaping @Sendable (Host) async throws -> ServiceOffer) -> Never {
        run(settings: { _ in () }, { host, _ in try await build(host) })
    }

    /// Runs a program that has settings of its own: `settings` reads them, wrong ones are told together with the rest.
    package func run<Extra: Sendable>(
        settings readExtra: (SettingsReader) -> Extra,
        _ build: @escaping @Sendable (Host, Extra) async throws -> ServiceOffer
    ) -> Never {
        Signals.block()
        let flags = flagsOrExit()
        let sources = SettingsSources(
            file: flags.config, environment: environment, overrides: flags.overrides)
        do {
            try MemoryPrivacy.enforce()
            let reader = try SettingsReader(sources)
            let settings = HostSettings(name, reader)
            let extra = readExtra(reader)
            try reader.finish()
            if flags.task == .check { check(settings, reader) }
            let process = try ProcessRun(
                name: name, contracts: contracts, settings: settings, sources: sources, warnings: reader.warnings)
            try process.run { try await build($0, extra) }
            exit(0)
        } catch {
            ConsoleText.complain("\(error)", program: executable)
            exit(1)
        }
    }

    private func flagsOrExit() -> CommandLineFlags {
        do {
            let flags = try CommandLineFlags(Array(CommandLine.arguments.dropFirst()))
            switch flags.task {
            case .showHelp:
                ConsoleText.write(CommandLineFlags.help(program: executable))
                exit(0)
            case .showVersion:
                ConsoleText.write("\(executable) \(Version.current)\n")
                exit(0)
            case .run, .check: return flags
            }
        } catch {
            ConsoleText.complain(error.message, program: executable)
            exit(64)
        }
    }

    /// `--check`: everything short of listening and connecting.
    private func check(_ settings: HostSettings, _ reader: SettingsReader) -> Never {
        do {
            _ = try CallerKeys(settings.callerKeys)
            _ = try TLSContexts(name, settings.tls)
            for warning in reader.warnings {
                ConsoleText.complain("warning: \(warning)", program: executable)
            }
            ConsoleText.write(reader.effectiveText)
            exit(0)
        } catch {
            ConsoleText.complain("\(error)", program: executable)
            exit(1)
        }
    }

    private var environment: [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let separator = text.firstIndex(of: "=") {
                variables[String(text[..<separator])] = String(text[text.index(after: separator)...])
            }
            next += 1
        }
        return variables
    }
}
