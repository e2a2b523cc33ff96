/// Makes the Swift files for a request of protoc.
struct Generator {
    struct File {
        var name: String
        var content: String
    }

    let request: GeneratorRequest

    func files() throws -> [File] {
        if request.parameter == "client" {
            let catalogue = try Catalogue(files: request.files, prunedPackage: nil)
            return [
                File(name: "StewardConnection+Records.swift", content: ClientEmitter(catalogue: catalogue).records())
            ]
        }
        let catalogue = try Catalogue(files: request.files, prunedPackage: try prunedPackage())
        let sources = catalogue.files.filter(\.isWanted).compactMap { file in
            source(of: file, catalogue).map { File(name: Generator.swiftPath(file.path), content: $0) }
        }
        let emitter = CatalogueEmitter(catalogue: catalogue)
        let records = catalogue.records.isEmpty ? [] : [File(name: "RecordCatalogue.swift", content: emitter.records())]
        return sources + records + [
            File(name: "ServiceCatalogue.swift", content: emitter.services()),
            File(name: "FileDescriptors.swift", content: emitter.descriptors()),
        ]
    }

    /// The parameters are prune=PACKAGE, and client, with which only the members of StewardConnection are made.
    private func prunedPackage() throws -> String? {
        guard !request.parameter.isEmpty else { return nil }
        let parts = request.parameter.split(separator: "=").map(String.init)
        guard parts.count == 2, parts[0] == "prune" else {
            throw GeneratorError("unknown parameter \(request.parameter); use prune=PACKAGE or client")
        }
        return parts[1]
    }

    /// Nil when nothing of the file is made.
    private func source(of file: ProtoFile, _ catalogue: Catalogue) -> String? {
        let (messages, enums) = (catalogue.messages(of: file), catalogue.enums(of: file))
        guard !messages.isEmpty || !enums.isEmpty || !file.services.isEmpty else { return nil }
        var text = SwiftText.header(source: file.path)
        for line in imports(file, messages) { text.line(line) }
        let emitter = MessageEmitter(catalogue: catalogue)
        for message in messages {
            emitter.emit(message, into: &text)
            RecordEmitter(catalogue: catalogue).emit(message, into: &text)
        }
        for enumeration in enums { emitter.emit(enumeration, into: &text) }
        for service in file.services { ServiceEmitter(catalogue: catalogue).emit(service, into: &text) }
        return text.text
    }

    /// Under InternalImportsByDefault an import says how far its types reach, and no further than needed.
    private func imports(_ file: ProtoFile, _ messages: [ProtoMessage]) -> [String] {
        let hasTime = messages.flatMap(\.fields).contains { $0.kind == .message(Catalogue.timestamp) }
        var lines: [String] = []
        if !messages.isEmpty {
            lines.append("import \(file.package == "steward.rpc.v1" ? "CEnvelope" : "CContracts")")
        }
        if !file.services.isEmpty { lines.append("public import RPC") }
        if hasTime { lines.append("public import Tenancy") }
        if !messages.isEmpty { lines.append("package import Wire") }
        return lines
    }

    /// steward/customer/v1/account_service.proto → steward/customer/v1/account_service.swift.
    static func swiftPath(_ path: String) -> String {
        (path.hasSuffix(".proto") ? String(path.dropLast(".proto".count)) : path) + ".swift"
    }
}
