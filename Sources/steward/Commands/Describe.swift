import ArgumentParser
import Contracts
import RPC
import SalesContracts
import StewardClient
import Wire

struct Describe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks the server what it offers: services, methods, messages and their comments.",
        discussion: """
            Examples:
              steward describe
              steward describe DealService
              steward describe DealService/MoveDealStage
              steward describe Deal
              steward describe StageCategory
            """)

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "A service, Service/Method, message or enum; without it all services.") var symbol: String?

    func run() async throws {
        let steward = try await connection.connect()
        let catalogue = try await RemoteCatalogue.load(from: steward)
        switch symbol {
        case nil: show(catalogue.services)
        case let symbol? where symbol.contains("/"):
            let (service, method) = try catalogue.method(symbol)
            show(method, try await RemoteSchema.load(service.name ?? "", from: steward))
        case let symbol? where catalogue.has(symbol): show(try catalogue.service(symbol))
        case let symbol?: try show(try await RemoteTypes.load(catalogue, from: steward), symbol, catalogue)
        }
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
            Terminal.line("  " + title(of: method))
            Terminal.line("    " + (method.comment ?? "").split(separator: "\n").joined(separator: "\n    "))
        }
    }

    private func show(_ method: MethodDescription, _ schema: RemoteSchema) {
        Terminal.line(title(of: method))
        Terminal.line(method.comment ?? "")
        for (title, name) in [("request", method.requestType), ("response", method.responseType)] {
            guard let type = name.flatMap({ schema.messages[$0] }) else { continue }
            Terminal.line()
            Terminal.line("\(title) \(Style.bold(type.name))")
            show(type, schema, indent: "  ", seen: [])
        }
    }

    /// A message with its fields, or an enum with its values.
    private func show(_ types: RemoteTypes, _ name: String, _ catalogue: RemoteCatalogue) throws {
        switch try types.find(name, besides: catalogue) {
        case .message(let type, let schema):
            Terminal.line("message \(Style.bold(type.name))")
            Terminal.line(schema.comments[type.name] ?? "")
            show(type, schema, indent: "  ", seen: [])
        case .enumeration(let type, let schema):
            Terminal.line("enum \(Style.bold(type.name))")
            Terminal.line(schema.comments[type.name] ?? "")
            for value in type.values {
                let comment = schema.comments["\(type.name).\(value.name)"] ?? ""
                Terminal.line("  \(Style.bold(value.name))  \(Style.dim(comment))")
            }
        }
    }

    /// The name, and what a call takes from the budget of its workspace.
    private func title(of method: MethodDescription) -> String {
        let name = Style.bold(method.name ?? "")
        guard let cost = method.cost else { return name }
        return name + Style.dim("  costs \(cost) unit\(cost == 1 ? "" : "s") or more")
    }

    /// The fields, with those of nested messages below them, each message once.
    private func show(_ type: MessageDescriptor, _ schema: RemoteSchema, indent: String, seen: Set<String>) {
        for field in type.fields {
            let comment = schema.comments["\(type.name).\(field.name)"] ?? ""
            Terminal.line("\(indent)\(Style.bold(field.name))  \(Style.cyan(typeName(field)))  \(Style.dim(comment))")
            guard case .message(let nested) = field.kind, !seen.contains(nested.name),
                nested.name != "google.protobuf.Timestamp"
            else { continue }
            show(nested, schema, indent: indent + "  ", seen: seen.union([type.name, nested.name]))
        }
    }

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
