import Foundation
import Testing

/// Clients switch on reasons, so every reason that a program gives stands in proto/README.md.
struct ReasonsTests {
    /// Modules whose errors reach clients; those of the provisioner reach identity only.
    static let modules = Set(
        ["RPC", "RPCTransport", "Records", "ServiceHost", "Work"]
            + SourceTree.programs.filter { $0 != "provisioner" }.map { "\($0.capitalized)Service" })
    /// Words in capitals that are no reasons.
    static let exempt: Set<String> = ["SIGINT", "SIGTERM", "INVALID"]
    /// Spells the status codes.
    static let exemptFiles: Set<String> = ["Sources/RPC/StatusCode.swift"]

    static func reasons(in file: SourceFile) -> [String] {
        SwiftText.code(of: file.text, keepingLiterals: true)
            .matches(of: /"([A-Z]+(?:_[A-Z]+)+|[A-Z]{6,})"/).map { String($0.1) }
            .filter { !exempt.contains($0) }
    }

    static func unlisted(in file: SourceFile, listed: Set<String>) -> [String] {
        reasons(in: file).filter { !listed.contains($0) }.map { "\(file.path): \($0)" }
    }

    static func words(of text: String) -> Set<String> {
        Set(text.matches(of: /\b[A-Z]+(?:_[A-Z]+)*\b/).map { String($0.0) })
    }

    @Test func everyReasonIsListedForClients() {
        let listed = Self.words(of: SourceTree.read("proto/README.md"))
        let files = SourceTree.handWritten.filter {
            Self.modules.contains($0.module) && !Self.exemptFiles.contains($0.path)
        }
        #expect(files.flatMap(Self.reasons).count > 100)
        #expect(files.flatMap { Self.unlisted(in: $0, listed: listed) } == [])
    }

    @Test func anUnlistedReasonIsFound() {
        let file = SourceFile(path: "Sources/RPC/A.swift", text: #"throw refuse("TEA_COLD", "It is cold.")"#)
        #expect(Self.unlisted(in: file, listed: Self.words(of: "| NOT_FOUND | TEA_HOT |")).count == 1)
        #expect(Self.unlisted(in: file, listed: Self.words(of: "TEA_HOT, TEA_COLD")) == [])
    }
}
