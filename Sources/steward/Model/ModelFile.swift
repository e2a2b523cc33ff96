import FoundationEssentials
import IdentityContracts
import Tenancy
import Wire
import Yams

/// A model of a workspace as a file: YAML whose names are those of WorkspaceModel, and enums by their short names, as in kind: MONEY. JSON is
/// such a file, too.
enum ModelFile {
    /// Bytes that are read; a model of 2,000 items has fewer.
    private static let bytesMax = 4 << 20

    /// - Throws: `UsageProblem` for a file that cannot be read or holds no model.
    static func read(_ path: String) throws -> WorkspaceModel {
        let text: String
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            guard data.count <= bytesMax else {
                throw UsageProblem("\(path) has \(data.count) bytes", cure: "a model has at most \(bytesMax)")
            }
            guard let read = String(validating: data, as: UTF8.self) else {
                throw UsageProblem("\(path) is not UTF-8", cure: "save it as UTF-8")
            }
            text = read
        } catch let problem as UsageProblem {
            throw problem
        } catch {
            throw UsageProblem(
                "\(path) cannot be read", cure: "give the path of a model, as steward model export writes one")
        }
        return try model(of: text, path)
    }

    static func model(of text: String, _ path: String) throws -> WorkspaceModel {
        let text = text.hasPrefix("\u{feff}") ? String(text.dropFirst()) : text
        if text.allSatisfy(\.isWhitespace) { throw UsageProblem("\(path) is no model: it is empty", cure: form) }
        // Aliases of aliases would make any number of copies of what a short file says.
        if let alias = alias(in: text) {
            throw UsageProblem("\(path) has the alias *\(alias)", cure: "write what it stands for in its place")
        }
        let value: JSONValue
        do {
            value = try YAMLDecoder().decode(JSONValue.self, from: text)
        } catch {
            throw UsageProblem("\(path) is no YAML: \(place(of: error))", cure: form)
        }
        guard case .object = value else {
            throw UsageProblem("\(path) is no model: the whole of it is \(value.kind)", cure: form)
        }
        let message = WorkspaceModel().message()
        do {
            try MessageFill.fill(message, from: value)
        } catch let problem as UsageProblem {
            throw UsageProblem("\(path): \(problem.text)", cure: problem.cure)
        }
        return WorkspaceModel(message)
    }

    /// A name that stands for what stands elsewhere.
    private static func alias(in text: String) -> String? {
        let anchors = Set(text.matches(of: /(?:^|[\s\[{,:-])&([^\s,\[\]{}]+)/).map(\.1))
        guard !anchors.isEmpty else { return nil }
        return text.matches(of: /(?:^|[\s\[{,:-])\*([^\s,\[\]{}]+)/).first { anchors.contains($0.1) }.map {
            String($0.1)
        }
    }

    /// What a model looks like.
    private static let form =
        "write lists below objects:, choice_lists:, fields:, roles:, views:, sharing_rules: and validation_rules:, and settings below settings:, as steward model export does; texts that look like numbers in quotes"

    /// Where the text is no YAML, and why.
    private static func place(of error: any Error) -> String {
        guard case DecodingError.dataCorrupted(let context) = error, let cause = context.underlyingError as? YamlError
        else { return "it cannot be read" }
        return switch cause {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line), column \(mark.column): \(problem)"
        case .duplicatedKeysInMapping(let names, let context):
            "line \(context.mark.line): \(names.sorted().joined(separator: ", ")) stands twice in one place"
        case .reader(let problem, let offset, _, _):
            offset.map { "byte \($0 + 1): \(problem)" } ?? problem
        default: "it cannot be read"
        }
    }

    static func text(_ model: WorkspaceModel) throws -> String {
        try Yams.serialize(node: node(model.message()), allowUnicode: true)
    }

    /// Fields in the order of the proto file, those that are not set left out.
    private static func node(_ message: Message) -> Node {
        if let time = MessageJSON.timestamp(message) { return scalar(time.text) }
        let pairs = message.descriptor.fields.filter { message.has($0) }.map { field in
            (Node(field.name), field.isRepeated ? list(field, of: message) : single(field, of: message))
        }
        return Node(pairs)
    }

    private static func list(_ field: FieldDescriptor, of message: Message) -> Node {
        Node(
            (0..<message.count(field)).map { index in
                switch field.kind {
                case .message: node(message.message(field, at: index))
                case .string: scalar(message.string(field, at: index))
                default: Node(FieldText.number(field, of: message, at: index))
                }
            })
    }

    private static func single(_ field: FieldDescriptor, of message: Message) -> Node {
        switch field.kind {
        case .message: message.message(field).map { node($0) } ?? Node("null")
        case .string: scalar(message.string(field) ?? "")
        case .bool: Node(message.bool(field) ? "true" : "false")
        case .enumeration(let type):
            Node(type.name(of: message.int32(field)) ?? FieldText.number(field, of: message))
        default: Node(FieldText.number(field, of: message))
        }
    }

    /// A text stays one, also where it looks like a number or yes.
    private static func scalar(_ text: String) -> Node {
        let isPlain =
            text.first?.isLetter == true && !words.contains(text.lowercased())
            && !text.contains { ":#\n\"'".contains($0) }
        return Node(text, Tag(.str), isPlain ? .any : text.contains("\n") ? .literal : .doubleQuoted)
    }

    private static let words: Set<String> = ["yes", "no", "true", "false", "null", "on", "off", "y", "n", "nan", "inf"]
}
