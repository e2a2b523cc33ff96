import Testing

/// The documents name only what is there.
struct MarkdownTests {
    static let folders = ["Sources", "Tests", "proto", "deploy"]

    static var documents: [SourceFile] {
        let top = ["README.md", "CHANGELOG.md"].map { SourceFile(path: $0, text: SourceTree.read($0)) }
        return top + folders.flatMap { SourceTree.files(below: $0, endings: [".md"]) }
    }

    /// Targets of the links that stay inside the project, resolved against the document's folder.
    static func links(in document: SourceFile) -> [String] {
        let folder = document.path.split(separator: "/").dropLast().map(String.init)
        return document.text.matches(of: /\]\(([^)\s]+)\)/).compactMap { match in
            let target = match.1.split(separator: "#", omittingEmptySubsequences: false)[0]
            if target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") { return nil }
            var parts = folder
            for part in target.split(separator: "/") {
                if part == ".." {
                    parts = Array(parts.dropLast())
                } else if part != "." {
                    parts.append(String(part))
                }
            }
            return parts.joined(separator: "/")
        }
    }

    @Test func everyLinkLeadsSomewhere() {
        #expect(Self.documents.count >= 5)
        for document in Self.documents {
            #expect(!document.text.isEmpty, "\(document.path) is missing or empty")
            for link in Self.links(in: document) {
                #expect(SourceTree.exists(link), "\(document.path) links to \(link), which is not there")
            }
        }
    }

    @Test func aDeadLinkIsFound() {
        let text = "see [a](../Sources/Nowhere.swift#part), [b](https://example.org) and [c](#here)"
        let links = Self.links(in: SourceFile(path: "deploy/README.md", text: text))
        #expect(links == ["Sources/Nowhere.swift"])
        #expect(!SourceTree.exists(links[0]))
    }

    /// The code blocks of a language in a document, without indentation and empty lines.
    static func code(_ language: String, in text: String) -> [[String]] {
        text.matches(of: /```(\w+)\n([^`]*)```/).filter { $0.1 == language }.map { lines(of: String($0.2)) }
    }

    private static func lines(of text: String) -> [String] {
        text.split(separator: "\n").map { String($0.drop { $0 == " " }) }.filter { !$0.isEmpty }
    }

    /// The first program that a reader sees is one that a test runs.
    @Test func theFirstProgramOfTheClientIsTheOneThatRuns() throws {
        let journey = Self.lines(of: SourceTree.read("Tests/SystemTests/FirstProgramJourney.swift"))
        let program = try #require(Self.code("swift", in: SourceTree.read("Sources/StewardClient/README.md")).first)
        #expect(program.count > 10)
        #expect(journey.contains(program))
        #expect(!journey.contains(program + ["print(1)"]))
    }
}
