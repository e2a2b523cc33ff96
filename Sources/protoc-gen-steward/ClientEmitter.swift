/// Makes what the client library has for each record type.
struct ClientEmitter {
    private static let module = "StewardClient"

    let catalogue: Catalogue

    private var modules: [String] { Set(catalogue.records.map { catalogue.module(of: $0) }).sorted() }

    func records() -> String {
        var text = SwiftText.header(source: "all proto files")
        for module in modules { text.line("public import \(module)") }
        text.gap()
        text.line("/// The services that keep records, each with a typed method for every call.")
        text.block("extension StewardConnection") { text in
            for message in catalogue.records {
                guard let record = message.record, let service = catalogue.service(of: message) else { continue }
                let client = catalogue.swiftName(service.fullName, "Client", in: ClientEmitter.module)
                text.gap()
                text.comment(service.comment)
                text.line("public var \(Names.member(record.plural)): \(client) { \(client)(channel: channel) }")
            }
        }
        return text.text
    }
}
