/// Makes the files that tell of all the others: the list of services and the embedded descriptors.
struct CatalogueEmitter {
    /// Characters of base64 on a line.
    private static let lineLength = 96

    let catalogue: Catalogue

    func services() -> String {
        var text = SwiftText.header(source: "all proto files")
        text.line("public import RPC")
        text.gap()
        let names = catalogue.files.flatMap(\.services).map { $0.fullName.lastNamePart + "Methods" }.sorted()
        text.line("/// Every service and method of the product.")
        text.block("public enum ServiceCatalogue") { text in
            text.line("/// What reflection tells of each service.")
            text.list(
                "public static let all: [ServiceDescription] = [", names.map { $0 + ".description" }, "]")
            text.gap()
            text.line("/// The methods, service by service.")
            text.list(
                "public static let methods: [MethodDefinition] = [[MethodDefinition]](arrayLiteral:",
                names.map { $0 + ".all" }, ").flatMap { $0 }")
        }
        return text.text
    }

    func records() -> String {
        var text = SwiftText.header(source: "all proto files")
        text.line("/// Who works with the records of a type: decides which built-in roles have rights on them.")
        text.block("package enum RecordCategory: Sendable") { text in
            text.line("case " + RecordOption.categories.map(\.name).joined(separator: ", "))
        }
        text.gap()
        text.line("/// Every record type of the product, in the order of their full names.")
        text.block("package enum RecordCatalogue") { text in
            text.list(
                "package static let types: [any RecordMessage.Type] = [",
                catalogue.records.map { $0.fullName.lastNamePart + ".self" }, "]")
        }
        return text.text
    }

    func descriptors() -> String {
        var text = SwiftText.header(source: "all proto files")
        text.line("extension FileDescriptors {")
        text.indented { text in
            text.line("/// Every proto file, those that others need before them.")
            text.line("static let files: [DescribedFile] = [")
            text.indented { text in
                for file in catalogue.files { describedFile(file, &text) }
            }
            text.line("]")
        }
        text.line("}")
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
