/// Makes what the client library has for each record type.
struct ClientEmitter {
    let catalogue: Catalogue

    func records() -> String {
        var text = SwiftText.header(source: "all proto files")
        text.line("public import Contracts")
        text.gap()
        text.line("/// The services that keep records, each with a typed method for every call.")
        text.block("extension StewardConnection") { text in
            for message in catalogue.records {
                guard let record = message.record, let service = catalogue.service(of: message) else { continue }
                let client = service.fullName.lastNamePart + "Client"
                text.gap()
                text.comment(service.comment)
                text.line("public var \(Names.member(record.plural)): \(client) { \(client)(channel: channel) }")
            }
        }
        return text.text
    }
}
