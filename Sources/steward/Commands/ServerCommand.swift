import ArgumentParser
import Contracts
import RPC
import StewardClient
import Wire

/// The programs of the installation, as they see themselves.
struct ServerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Shows what the programs are, how they fare and whether they take calls.",
        discussion: """
            Examples:
              steward server info
              steward server stats --program customer
              steward server stats --watch
              steward server health --watch
            """,
        subcommands: [Info.self, Stats.self, Health.self])

    struct Options: ParsableArguments {
        @OptionGroup var connection: ConnectionOptions
        @Option(help: "gateway, identity, customer or sales. Default: the gateway.") var program: String?
        @Option(help: "table or json.") var output: OutputFormat = .table

        func validate() throws {
            guard !output.isCSV else { throw ValidationError("--output is table or json here") }
        }
    }

    struct Info: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows version, limits and features. Operators may ask about each program.")

        @OptionGroup var options: Options

        func run() async throws {
            let hasSession = try Profile.load(options.connection.profileName)?.sessionHandle != nil
            let steward =
                try await hasSession || options.program != nil
                ? options.connection.connectSignedIn() : options.connection.connect()
            let info = try await steward.server.getServerInfo(GetServerInfoRequest(program: options.program))
            guard options.output == .table else { return Terminal.line(MessageJSON.text(info.message())) }
            for (name, value) in ServerText.lines(of: info) {
                Terminal.line("\(Style.dim(TextWidth.padded(name, to: 12)))  \(value)")
            }
        }
    }

    struct Stats: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows connections, traffic and the times of each method. For operators.")

        @OptionGroup var options: Options
        @Flag(help: "Shows what has changed, again and again, until interrupted.") var watch = false
        @Option(help: "Seconds between two looks, 1 to 3600.") var interval = 2

        func validate() throws {
            guard (1...3_600).contains(interval) else { throw ValidationError("--interval is 1 to 3600 seconds") }
        }

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            if watch { try await look(steward) } else { show(try await ask(steward)) }
        }

        private func ask(_ steward: StewardConnection) async throws -> GetStatisticsResponse {
            try await steward.server.getStatistics(GetStatisticsRequest(program: options.program))
        }

        private func show(_ statistics: GetStatisticsResponse) {
            guard options.output == .table else { return Terminal.line(MessageJSON.text(statistics.message())) }
            for line in StatisticsText.lines(of: statistics, width: Terminal.width) { Terminal.line(line) }
        }

        /// Until the user has seen enough: each look is one line.
        private func look(_ steward: StewardConnection) async throws {
            var last = try await ask(steward)
            var rates: [Double] = []
            while true {
                try await Task.sleep(for: .seconds(interval))
                let now = try await ask(steward)
                let change = StatisticsChange(from: last, to: now)
                rates = rates.suffix(StatisticsChange.ratesShown - 1) + [change.callsPerSecond]
                Terminal.line(options.output == .table ? change.line(rates: rates) : change.json)
                last = now
            }
        }
    }
}

extension ServerCommand {
    struct Health: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows which services take calls; ends with code 1 when one does not. Needs no session.")

        @OptionGroup var options: Options
        @Flag(help: "Goes on and shows each change, until interrupted.") var watch = false

        func run() async throws {
            let steward = try await options.connection.connect()
            let services = try await services(steward)
            if watch { try await follow(services, steward) }
            var states: [(name: String, state: HealthState)] = []
            for service in services {
                let answer = try await steward.health.checkHealth(CheckHealthRequest(service: service))
                states.append((service, answer.state ?? .unspecified))
            }
            show(states)
            guard states.allSatisfy({ $0.state == .serving }) else { throw ExitCode(1) }
        }

        private func services(_ steward: StewardConnection) async throws -> [String] {
            let all = try await RemoteCatalogue.load(from: steward).services.compactMap(\.name)
            guard let program = options.program, program != "gateway" else { return all }
            let own = all.filter { $0.hasPrefix("steward.\(program).") }
            guard !own.isEmpty else {
                throw UsageProblem(
                    "the gateway knows no program \(program)", cure: "use gateway, identity, customer or sales")
            }
            return own
        }

        private func show(_ states: [(name: String, state: HealthState)]) {
            guard options.output == .table else {
                return Terminal.line(
                    JSONText.object(states.map { ($0.name, JSONText.quoted(HealthText.name($0.state))) }))
            }
            let width = states.map { $0.name.count }.max() ?? 0
            for (name, state) in states {
                Terminal.line("\(TextWidth.padded(name, to: width))  \(HealthText.styled(state))")
            }
        }

        /// One watch for each service; the first that ends ends all.
        private func follow(_ services: [String], _ steward: StewardConnection) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for service in services {
                    group.addTask {
                        let watch = try await steward.health.watchHealth(WatchHealthRequest(service: service))
                        while let news = try await watch.next() {
                            HealthText.change(service, news.state ?? .unspecified, options.output)
                        }
                    }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }
}

/// States of health for people.
enum HealthText {
    static func name(_ state: HealthState) -> String {
        switch state {
        case .serving: "SERVING"
        case .notServing: "NOT_SERVING"
        default: "UNKNOWN"
        }
    }

    static func styled(_ state: HealthState) -> String {
        state == .serving ? Style.green(name(state)) : Style.red(name(state))
    }

    static func change(_ service: String, _ state: HealthState, _ output: OutputFormat) {
        guard output == .table else {
            let members = [("service", JSONText.quoted(service)), ("state", JSONText.quoted(name(state)))]
            return Terminal.line(JSONText.line(JSONText.object(members.map { (name: $0.0, value: $0.1) })))
        }
        Terminal.line("\(styled(state))  \(service)")
    }
}
