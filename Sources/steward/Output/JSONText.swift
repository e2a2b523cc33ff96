/// Writes JSON (RFC 8259) with fields in the order given, indented by two spaces.
enum JSONText {
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    static func object(_ members: [(name: String, value: String)]) -> String {
        guard !members.isEmpty else { return "{}" }
        let lines = members.map { "\(quoted($0.name)): \($0.value)" }
        return "{\n" + indented(lines.joined(separator: ",\n")) + "\n}"
    }

    /// The same text on one line, as JSON lines want it. Line breaks inside of strings are escaped, so those that are there are
    /// between values.
    static func line(_ text: String) -> String {
        text.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    }

    static func array(_ elements: [String]) -> String {
        guard !elements.isEmpty else { return "[]" }
        return "[\n" + indented(elements.joined(separator: ",\n")) + "\n]"
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + $0 }.joined(separator: "\n")
    }
}
