import Foundation
import Testing

/// Runs protoc with the generator, as deploy/generate does, and compares with the files in
/// Tests/Sample/Golden.
@Suite struct GoldenTests {
    @Test func makesTheGoldenFiles() throws {
        let output = try Protoc.temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: output) }
        let outcome = try Protoc.run(["steward/sample/v1/sample.proto"], root: Protoc.samples, output: output)
        #expect(outcome.errors == "" && outcome.status == 0)
        let golden = try files(Protoc.golden)
        #expect(golden.count == 4)
        let made = try files(output)
        #expect(made.keys.sorted() == golden.keys.sorted())
        for (name, text) in golden {
            #expect(made[name] == text, "\(name) differs; if that is meant, run deploy/generate")
        }
    }

    private func files(_ directory: URL) throws -> [String: String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter {
            $0.hasSuffix(".swift")
        }
        return try Dictionary(
            uniqueKeysWithValues: paths.map { path in
                (path, try String(contentsOf: directory.appending(path: path), encoding: .utf8))
            })
    }
}
