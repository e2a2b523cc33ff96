import Foundation
import TestSupport
import Testing

/// What the last release could read and write, today's schema can.
@Suite struct SchemaTests {
    private static let protos = ["steward/rpc/v1/frame.proto", "steward/rpc/v1/status.proto"]

    @Test func todaysFramesContainThoseOfTheLastRelease() async throws {
        let outcome = try await compare("\(Suite.tests)/Interop/previous", "\(Suite.tests)/../proto")
        #expect(outcome.code == 0, "\(outcome.output)")
    }

    @Test(arguments: [
        ("optional uint32 credit = 9;", "", "field 9"),
        ("optional uint32 credit = 9;", "optional uint64 credit = 9;", "field 9"),
        ("optional bool more = 5;", "optional bool continued = 5;", "field 5"),
        ("repeated Entry header = 3;", "optional Entry header = 3;", "field 3"),
    ])
    func aChangeThatOldPeersNoticeIsFound(line: String, replacement: String, element: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "schema-\(UUID().uuidString)").path
        let rpc = "\(folder)/steward/rpc/v1"
        try FileManager.default.createDirectory(atPath: rpc, withIntermediateDirectories: true)
        for proto in Self.protos {
            let text = try String(contentsOfFile: "\(Suite.tests)/../proto/\(proto)", encoding: .utf8)
            try text.replacing(line, with: replacement).write(
                toFile: "\(folder)/\(proto)", atomically: true, encoding: .utf8)
        }
        let outcome = try await compare("\(Suite.tests)/Interop/previous", folder)
        #expect(outcome.code == 1)
        #expect(outcome.output.contains("steward.rpc.v1.Frame \(element) was"), "\(outcome.output)")
        try FileManager.default.removeItem(atPath: folder)
    }

    private func compare(_ earlier: String, _ now: String) async throws -> (output: String, code: Int32) {
        let base = FileManager.default.temporaryDirectory.appending(path: "schema-\(UUID().uuidString)").path
        for (folder, name) in [(earlier, "earlier"), (now, "now")] {
            let made = try await ChildProgram.run(
                ["/usr/bin/protoc", "-I\(folder)", "--descriptor_set_out=\(base).\(name)"] + Self.protos,
                environment: [:])
            #expect(made.code == 0, "\(made.output)")
        }
        defer { for name in ["earlier", "now"] { try? FileManager.default.removeItem(atPath: "\(base).\(name)") } }
        return try await ChildProgram.run(
            ["/usr/bin/python3", "\(Suite.tests)/Interop/compatible.py", "\(base).earlier", "\(base).now"],
            environment: [:])
    }
}
