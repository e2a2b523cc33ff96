import ArgumentParser
import Contracts
import RPC
import StewardClient
import Wire

struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks the server what it offers: services, methods and their comments.",
        discussion: """
            Examples:
              steward describe
              steward describe DealService
              steward describe DealService/MoveDealStage
            """)

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "A service, or Service/Method; without it all services.") var symbol: String?

    func run() async throws {
        let steward = try await connection.connect()
        let services = try await steward.reflection.listServices(ListServicesRequest()).services
        await steward.close()
        guard let symbol else { return show(services) }
        let parts = symbol.split(separator: "/", maxSplits: 1).map(String.init)
        guard let service = services.first(where: { $0.name == parts[0] || $0.name?.hasSuffix("." + parts[0]) == true })
        else { throw UsageProblem("the server has no service \(parts[0])", cure: "steward describe lists all") }
        guard parts.count == 2 else { return show(service) }
        guard let method = service.methods.first(where: { $0.name == parts[1] }) else {
            throw UsageProblem("\(parts[0]) has no method \(parts[1])", cure: "steward describe \(parts[0])")
        }
        show(method)
    }

    private func show(_ services: [ServiceDescription]) {
        for service in services {
            Terminal.line(Style.bold(service.name ?? ""))
            Terminal.line("  " + Style.dim(firstLine(service.comment)))
        }
    }

    private func show(_ service: ServiceDescription) {
        Terminal.line(Style.bold(service.name ?? ""))
        Terminal.line(service.comment ?? "")
        for method in service.methods {
            Terminal.line()
            Terminal.line("  " + Style.bold(method.name ?? ""))
            Terminal.line("    " + (method.comment ?? "").split(separator: "\n").joined(separator: "\n    "))
        }
    }

    private func show(_ method: MethodDescription) {
        Terminal.line(Style.bold(method.name ?? ""))
        Terminal.line(method.comment ?? "")
        for (title, name) in [("request", method.requestType), ("response", method.responseType)] {
            Terminal.line()
            Terminal.line("\(title) \(Style.bold(name ?? ""))")
            guard let type = Self.messages[name ?? ""] else { continue }
            for field in type.fields { Terminal.line("  \(field.name)  \(Style.dim(typeName(field)))") }
        }
    }

    /// The messages that methods take and give, by full name.
    private static let messages = Dictionary(
        ServiceCatalogue.methods.flatMap { [$0.request, $0.response] }.map { ($0.name, $0) },
        uniquingKeysWith: { first, _ in first })

    private func typeName(_ field: FieldDescriptor) -> String {
        let name =
            switch field.kind {
            case .message(let type): type.shortName
            case .enumeration(let type): FieldText.names(of: type).joined(separator: " | ")
            default: "\(field.kind)"
            }
        return field.isRepeated ? "list of \(name)" : name
    }

    private func firstLine(_ text: String?) -> String {
        text.flatMap { $0.split(separator: "\n").first.map(String.init) } ?? ""
    }
}
