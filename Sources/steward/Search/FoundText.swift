import Contracts

/// What was found, for people.
enum FoundText {
    /// Its name, and below where what was found.
    static func lines(of hit: SearchHit) -> [String] {
        let title = hit.title.flatMap { $0.isEmpty ? nil : TerminalText.oneLine($0) } ?? "(no name)"
        let head = "\(Style.bold(title))  \(hit.object ?? "")  \(Style.dim(hit.id ?? ""))"
        let matches = hit.matches.map { match in
            "    \(match.field ?? ""): \(highlighted(match))\(match.kind.map { "  " + Style.dim(name(of: $0)) } ?? "")"
        }
        return [head] + matches + reasons(of: hit)
    }

    /// The value with what was found in it in colour.
    static func highlighted(_ match: SearchMatch) -> String {
        let scalars = Array((match.value ?? "").unicodeScalars)
        var (text, last) = ("", 0)
        for range in match.highlights {
            let start = min(max(Int(range.start ?? 0), last), scalars.count)
            let end = min(start + max(Int(range.length ?? 0), 0), scalars.count)
            text += plain(scalars[last..<start]) + Style.green(plain(scalars[start..<end]))
            last = end
        }
        return text + plain(scalars[last...])
    }

    private static func plain(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return TerminalText.oneLine(String(text))
    }

    private static func reasons(of hit: SearchHit) -> [String] {
        guard !hit.reasons.isEmpty else { return [] }
        let words = hit.reasons.map { reason in
            guard let field = reason.field else { return "\(reason.word ?? ""): not found" }
            let how = reason.kind.map(name) ?? ""
            return "\(reason.word ?? ""): \(how) in \(field), \(rounded(reason.likeness)) × \(rounded(reason.weight))"
        }
        return ["    \(Style.dim("score \(rounded(hit.score)): " + words.joined(separator: "; ")))"]
    }

    private static func rounded(_ value: Double?) -> String {
        let hundredths = Int(((value ?? 0) * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func name(of kind: SearchMatchKind) -> String {
        switch kind {
        case .exact: "the value"
        case .word: "word"
        case .prefix: "beginning"
        case .pinyin: "pinyin"
        case .initials: "initials"
        case .similar: "alike"
        default: ""
        }
    }
}
