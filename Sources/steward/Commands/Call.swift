import ArgumentParser
import Contracts
import RPC
import StewardClient
import Wire

struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Calls any unary method with a request in JSON, as the server describes it.",
        discussion: """
            Examples:
              steward call AccountService/ListAccounts '{"page_size": 3}'
              steward call steward.sales.v1.DealService/GetBoard '{}'
            """)

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Service/Method; the package may be left out.") var method: String
    @Argument(help: "The request as a JSON object; - reads standard input.") var request: String = "{}"
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    func run() async throws {
        let json = try JSONValue(text: request == "-" ? Self.standardInput() : request)
        let steward = try await connection.connectSignedIn()
        let definition = try await find(steward)
        let answer = try await steward.call(definition, requestID: requestID) { message in
            try MessageFill.fill(message, from: json)
        }
        Terminal.line(MessageJSON.text(answer))
        await steward.close()
    }

    private func find(_ steward: StewardConnection) async throws -> MethodDefinition {
        let (service, found) = try await RemoteCatalogue.load(from: steward).method(method)
        guard found.clientStreaming != true, found.serverStreaming != true else {
            throw UsageProblem("\(method) is a stream", cure: "use the client library for streams")
        }
        let schema = try await RemoteSchema.load(service.name ?? "", from: steward)
        guard let request = found.requestType.flatMap({ schema.messages[$0] }),
            let response = found.responseType.flatMap({ schema.messages[$0] })
        else { throw UsageProblem("the server does not describe the messages of \(method)", cure: "update the server") }
        return MethodDefinition(
            path: "\(service.name ?? "")/\(found.name ?? "")", request: request, response: response, kind: .unary)
    }

    private static func standardInput() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}
