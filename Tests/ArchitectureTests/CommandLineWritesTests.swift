import Testing

/// Every write of the command line carries a request id, so that sending it again does it once.
struct CommandLineWritesTests {
    /// Those that keep no answers under request ids, since these would be secrets.
    private static let exceptions: Set<Substring> = ["signOut", "changePassword"]
    private static let readers = ["get", "list", "check", "watch", "compare"]

    /// Calls that change something, without options.
    static func bare(in file: SourceFile) -> [String] {
        file.code.matches(of: /steward\.\w+\.(\w+)\(/).filter { match in
            guard !readers.contains(where: { match.1.hasPrefix($0) }), !exceptions.contains(match.1) else {
                return false
            }
            return !arguments(file.code[match.range.upperBound...]).contains("options:")
        }.map { "\(file.path): \($0.1)" }
    }

    /// Up to the parenthesis that closes.
    private static func arguments(_ text: Substring) -> Substring {
        var depth = 1
        return text.prefix { character in
            depth += character == "(" ? 1 : character == ")" ? -1 : 0
            return depth > 0
        }
    }

    @Test func writesCarryARequestID() {
        let files = SourceTree.handWritten.filter { $0.module == "steward" }
        #expect(files.count > 50)
        #expect(files.flatMap(Self.bare) == [])
    }

    @Test func aBareWriteIsFound() {
        let text =
            "steward.tenants.suspendTenant(Request(id: id))\nsteward.users.getUser(Request())\nsteward.a.b(c(), options: .write())"
        #expect(
            Self.bare(in: SourceFile(path: "Sources/steward/A.swift", text: text)) == [
                "Sources/steward/A.swift: suspendTenant"
            ])
    }
}
