import Foundation
import Fuzz
import Testing

/// What the fuzzers began with and what they found, run again without a fuzzer. A broken promise ends the process, and the name
/// of the test that was running tells the file. One after the other: a target is made for one input at a time.
@Suite(.serialized) struct ReplayTests {
    /// A file of a corpus, or one that broke something once.
    struct Input: CustomTestStringConvertible, Sendable {
        let target: FuzzTarget
        let path: String
        var testDescription: String { path }
    }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz").standardized

    static func inputs(_ kind: String) -> [Input] {
        FuzzTarget.allCases.flatMap { target in
            let folder = folder.appending(path: "\(kind)/\(target.rawValue)").path
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.sorted().map { Input(target: target, path: "\(folder)/\($0)") }
        }
    }

    static func run(_ input: Input) throws {
        let bytes = try Data(contentsOf: URL(filePath: input.path))
        bytes.withUnsafeBytes { input.target.run($0) }
    }

    @Test(arguments: inputs("found")) func whatWasFoundIsHarmlessNow(_ input: Input) throws { try Self.run(input) }

    @Test(arguments: inputs("corpus")) func whatTheFuzzersBeginWithKeepsThePromises(_ input: Input) throws {
        try Self.run(input)
    }

    @Test func everyTargetHasACorpus() {
        for target in FuzzTarget.allCases {
            #expect(Self.inputs("corpus").contains { $0.target == target }, "\(target.rawValue)")
        }
    }
}
