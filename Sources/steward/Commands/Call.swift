import ArgumentParser
import Contracts
import RPC
import StewardClient
import Tenancy
import Wire

struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Calls any unary method with a request in JSON.",
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
        let definition = try find()
        let json = try JSONValue(text: request == "-" ? Self.standardInput() : request)
        let steward = try await connection.connectSignedIn()
        let answer = try await steward.call(definition, requestID: requestID) { message in
            try MessageFill.fill(message, from: json)
        }
        Terminal.line(MessageJSON.text(answer))
        await steward.close()
    }

    private func find() throws -> MethodDefinition {
        let methods = ServiceCatalogue.methods.filter { $0.path == method || $0.path.hasSuffix("." + method) }
        guard let found = methods.first, methods.count == 1 else {
            throw UsageProblem("\(method) is not the name of one method", cure: "steward describe lists all methods")
        }
        guard found.kind == .unary else {
            throw UsageProblem("\(method) is a stream", cure: "use the client library for streams")
        }
        return found
    }

    private static func standardInput() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}
