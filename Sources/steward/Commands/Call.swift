import ArgumentParser
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
        let definition = try await RemoteMethod.unary(method, from: steward)
        let answer = try await steward.call(definition, requestID: requestID) { message in
            try MessageFill.fill(message, from: json)
        }
        Terminal.line(MessageJSON.text(answer))
        await steward.close()
    }

    private static func standardInput() -> String {
        var text = ""
        while let line = readLine(strippingNewline: false) { text += line }
        return text
    }
}
