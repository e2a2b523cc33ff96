/// Makes the Swift files for a request of protoc.
struct Generator {
    struct File {
        var name: String
        var content: String
    }

    let request: GeneratorRequest

    func files() throws -> [File] {
        let catalogue = try Catalogue(files: request.files, prunedPackage: try prunedPackage())
        let sources = catalogue.files.filter(\.isWanted).compactMap { file in
            source(of: file, catalogue).map { File(name: Generator.swiftPath(file, catalogue), content: $0) }
        }
        let emitter = CatalogueEmitter(catalogue: catalogue)
        var lists = catalogue.modules.map { module in
            File(
                name: "\(module)/ContractCatalogue+\(Names.capitalized(ModuleTable.member(module))).swift",
                content: emitter.part(module))
        }
        lists.append(File(name: "Catalogue/ContractCatalogue+All.swift", content: emitter.all()))
        if catalogue.modules.contains(ModuleTable.shared) {
            lists.append(File(name: "\(ModuleTable.shared)/RecordCategory.swift", content: emitter.categories()))
        }
        if !catalogue.records.isEmpty {
            lists.append(
                File(
                    name: "StewardClient/Records/StewardConnection+Records.swift",
                    content: ClientEmitter(catalogue: catalogue).records()))
        }
        return sources + lists
    }

    /// The only parameter is prune=PACKAGE.
    private func prunedPackage() throws -> String? {
        guard !request.parameter.isEmpty else { return nil }
        let parts = request.parameter.split(separator: "=").map(String.init)
        guard parts.count == 2, parts[0] == "prune" else {
            throw GeneratorError("unknown parameter \(request.parameter); use prune=PACKAGE")
        }
        return parts[1]
    }

    /// Nil when nothing of the file is made.
    private func source(of file: ProtoFile, _ catalogue: Catalogue) -> String? {
        let (messages, enums) = (catalogue.messages(of: file), catalogue.enums(of: file))
        guard !messages.isEmpty || !enums.isEmpty || !file.services.isEmpty else { return nil }
        var text = SwiftText.header(source: file.path)
        for line in imports(file, catalogue) { text.line(line) }
        let module = catalogue.module(of: file)
        let emitter = MessageEmitter(catalogue: catalogue, module: module)
        for message in messages {
            emitter.emit(message, into: &text)
            RecordEmitter(catalogue: catalogue).emit(message, into: &text)
        }
        for enumeration in enums { emitter.emit(enumeration, into: &text) }
        for service in file.services { ServiceEmitter(catalogue: catalogue, module: module).emit(service, into: &text) }
        return text.text
    }

    /// Under InternalImportsByDefault an import says how far its types reach, and no further than needed.
    private func imports(_ file: ProtoFile, _ catalogue: Catalogue) -> [String] {
        let messages = catalogue.messages(of: file)
        let fields = messages.filter { catalogue.standardType(of: $0.fullName) == nil }.flatMap(\.fields)
        let hasTime = fields.contains { $0.kind == .message(Catalogue.timestamp) }
        var lines: [String] = []
        if !messages.isEmpty { lines.append("import \(catalogue.cModule(of: file))") }
        if catalogue.module(of: file) != ModuleTable.shared && (!messages.isEmpty || !file.services.isEmpty) {
            let isSeen = !file.services.isEmpty || fields.contains { catalogue.isShared($0.kind) }
            lines.append("\(isSeen ? "public " : "")import \(ModuleTable.shared)")
        }
        if !file.services.isEmpty { lines.append("public import RPC") }
        if hasTime { lines.append("public import Tenancy") }
        if !messages.isEmpty { lines.append("package import Wire") }
        return lines
    }

    /// steward/customer/v1/account_service.proto → CustomerContracts/steward/customer/v1/account_service.swift.
    private static func swiftPath(_ file: ProtoFile, _ catalogue: Catalogue) -> String {
        let path = file.path.hasSuffix(".proto") ? String(file.path.dropLast(".proto".count)) : file.path
        return "\(catalogue.module(of: file))/\(path).swift"
    }
}
