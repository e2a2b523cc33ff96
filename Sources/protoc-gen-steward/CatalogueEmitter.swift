/// Makes the files that tell of all the others: services, record types and embedded descriptors, module by module, and the list
/// of the modules.
struct CatalogueEmitter {
    /// Characters of base64 on a line.
    private static let lineLength = 96

    let catalogue: Catalogue

    /// What a module tells of itself.
    func part(_ module: String) -> String {
        let files = catalogue.files.filter { catalogue.module(of: $0) == module }
        let services = files.flatMap(\.services).map { $0.fullName.lastNamePart + "Methods" }.sorted()
        let records = catalogue.records.filter { catalogue.module(of: $0) == module }
        var text = SwiftText.header(source: "all proto files")
        if module != ModuleTable.shared {
            text.line("package import \(ModuleTable.shared)")
            text.gap()
        }
        text.block("extension ContractCatalogue") { text in
            text.line("/// What is in \(module).")
            text.line("package static let \(ModuleTable.member(module)) = ContractCatalogue(")
            text.indented { text in
                text.list("services: [", services.map { $0 + ".description" }, "],")
                text.list("methods: [", services.map { $0 + ".all" }, "],")
                text.list("recordTypes: [", records.map { $0.fullName.lastNamePart + ".self" }, "],")
                text.line("files: [")
                text.indented { text in
                    for file in files { describedFile(file, &text) }
                }
                text.line("])")
            }
        }
        return text.text
    }

    /// The list of the parts.
    func all() -> String {
        var text = SwiftText.header(source: "all proto files")
        let others = catalogue.modules.filter { $0 != ModuleTable.shared }
        text.line("package import \(ModuleTable.shared)")
        for module in others { text.line("import \(module)") }
        text.gap()
        text.block("extension ContractCatalogue") { text in
            text.line("/// Every message, method and record type of the product.")
            text.list(
                "package static let all = ContractCatalogue(joining: [",
                ([ModuleTable.shared] + others).map { "." + ModuleTable.member($0) }, "])")
        }
        return text.text
    }

    func categories() -> String {
        var text = SwiftText.header(source: "steward/catalogue/v1/record.proto")
        text.line("/// Who works with the records of a type: decides which built-in roles have rights on them.")
        text.block("package enum RecordCategory: Sendable") { text in
            text.line("case " + RecordOption.categories.map(\.name).joined(separator: ", "))
        }
        return text.text
    }

    private func describedFile(_ file: ProtoFile, _ text: inout SwiftText) {
        let dependencies = file.dependencies.map { "\"\($0)\"" }.joined(separator: ", ")
        text.line("DescribedFile(")
        text.indented { text in
            text.line("path: \"\(file.path)\", package: \"\(file.package)\",")
            text.line("dependencies: [\(dependencies)],")
            text.line("base64: \"\"\"")
            text.indented { text in
                let encoded = Array(Base64.encode(file.descriptor).utf8)
                for start in stride(from: 0, to: encoded.count, by: CatalogueEmitter.lineLength) {
                    let end = min(start + CatalogueEmitter.lineLength, encoded.count)
                    let line = String(decoding: encoded[start..<end], as: UTF8.self)
                    text.line(line + (end < encoded.count ? "\\" : ""))
                }
                text.line("\"\"\"),")
            }
        }
    }
}

enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var characters: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for index in 0..<4 {
                characters.append(
                    index <= group.count ? alphabet[bits >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: characters, as: UTF8.self)
    }
}
