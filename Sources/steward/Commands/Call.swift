import ArgumentParser
import RPC
import StewardClient
import Wire

struct Call: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Calls any method with requests in JSON, as the server describes it.",
        discussion: """
            A method that takes many requests reads them as lines, one JSON object each, from --file or standard input,
            and sends each as it comes. Each answer of a method that gives many is printed on a line of its own as it
            comes.

            Examples:
              steward call AccountService/ListAccounts '{"page_size": 3}'
              steward call steward.sales.v1.DealService/GetBoard
              steward call HealthService/WatchHealth --timeout 60
            """)

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "Service/Method; the package may be left out.") var method: String
    @Argument(help: "The request as a JSON object; - reads standard input. Default: an empty request.")
    var request: String?
    @Option(help: "File with the request, or with one request on each line; - reads standard input.") var file: String?
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?
    @Option(help: "Seconds to wait for the end of the call. Default: 30, and no limit for streams.") var timeout:
        Double?

    func validate() throws {
        guard request == nil || file == nil else {
            throw ValidationError("give the request or --file, not both")
        }
        guard timeout.map({ $0 > 0 && $0 <= 86_400 }) ?? true else {
            throw ValidationError("--timeout is more than 0 and at most 86400 seconds")
        }
    }

    func run() async throws {
        let steward = try await isOpen ? connection.connect() : connection.connectSignedIn()
        let definition = try await RemoteMethod.find(method, from: steward)
        let requests = try RequestSource(definition.kind, text: request, file: file)
        var options = CallOptions(timeout: timeout.map { .seconds($0) })
        // Authentication keeps no answers under request ids: they are secrets.
        let isRepeatable = !definition.isIdempotent && !definition.path.contains("AuthenticationService/")
        options.requestID = requestID ?? (isRepeatable ? CallOptions.write().requestID : nil)
        let call = AnyCall(channel: steward.channel, method: definition, options: options) { answer in
            let text = MessageJSON.text(answer)
            Terminal.line(definition.kind.hasManyAnswers ? JSONText.line(text) : text)
        }
        try await call.run(requests)
    }

    /// Health and reflection need no session, so that they can be called before anybody has signed in.
    private var isOpen: Bool {
        ["HealthService/", "ReflectionService/"].contains {
            method.hasPrefix($0) || method.hasPrefix("steward.rpc.v1.\($0)")
        }
    }
}
