/// Makes, for a message that is a record, what the catalogue knows of it.
struct RecordEmitter {
    let catalogue: Catalogue

    /// Does nothing for other messages.
    func emit(_ message: ProtoMessage, into text: inout SwiftText) {
        guard let record = message.record, let service = catalogue.service(of: message) else { return }
        let noun = message.fullName.lastNamePart
        let methods = service.fullName.lastNamePart + "Methods"
        text.gap()
        text.block("extension \(noun): RecordMessage") { text in
            text.line("package static let entry = RecordEntry(")
            text.indented { text in
                text.line("object: \"\(record.object)\", plural: \"\(record.plural)\",")
                text.line("ownership: .\(record.ownership), category: .\(record.category),")
                if let key = record.key { text.line("key: \"\(key)\",") }
                if record.isDefinedByWorkspace { text.line("isDefinedByWorkspace: true,") }
                if !record.bindableFields.isEmpty {
                    let names = record.bindableFields.map { "\"\($0)\"" }.joined(separator: ", ")
                    text.line("bindableFields: [\(names)],")
                }
                text.line("message: descriptor, service: \(methods).description,")
                text.list(
                    "methods: RecordMethods(",
                    record.standardMethods(of: noun).map { "\($0.kind): \(methods).\(Names.method($0.name))" }, "))")
            }
        }
    }
}
