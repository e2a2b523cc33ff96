import Foundation
import InteropSuite
import TestSupport

/// A client that has to pass the suite.
enum SuiteClient: String, CaseIterable {
    /// RPCClient and the generated clients, in this process.
    case swift
    /// Tests/ThinClientTests/python, with messages of today's proto files.
    case python
    /// The same, with the frames and status as they were at the last release.
    case pythonPrevious = "python-"
    /// Tests/ThinClientTests/c.
    case c

    var isThin: Bool { self != .swift }
}

/// The clients, built once for all tests, and a server for them.
struct Suite: Sendable {
    static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
    /// One case of one client; the longest takes some 3 s.
    private static let caseSeconds = "60"

    let folder: String
    let server: InteropServer
    let port: UInt16

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "interop-\(UUID().uuidString)").path
        for name in ["python", "python-"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let own = "\(Self.tests)/Interop/proto"
        let protos = ["steward/rpc/v1/frame.proto", "steward/rpc/v1/status.proto"]
        let service = "steward/interop/v1/test_service.proto"
        let now = "\(Self.tests)/../proto"
        try await Self.make(
            ["/usr/bin/protoc", "-I\(now)", "-I\(own)", "--python_out=\(folder)/python"] + protos + [service])
        try await Self.make(
            ["/usr/bin/protoc", "-I\(Self.tests)/Interop/previous", "-I\(own)", "--python_out=\(folder)/python-"]
                + protos + [service])
        let sources = try FileManager.default.contentsOfDirectory(atPath: "\(Self.tests)/Interop/clients")
            .filter { $0.hasSuffix(".c") }.map { "\(Self.tests)/Interop/clients/\($0)" }
        try await Self.make(
            ["\(Self.tests)/ThinClientTests/c/build", "\(folder)/interop-c", "\(now):\(own)"] + sources.sorted()
                + [service])
        server = try InteropServer(folder: folder)
        port = try await server.start()
    }

    func close() async throws {
        await server.stop()
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Runs a case; gives what went wrong, or nil when it passed.
    func run(_ id: String, _ client: SuiteClient) async throws -> String? {
        if client == .swift {
            return await SwiftClient.run(
                id, port: port, trustRoots: server.trustRoots)
        }
        let outcome = try await ChildProgram.run(
            ["/usr/bin/timeout", Self.caseSeconds] + command(client)
                + [id, InteropServer.host, "\(port)", server.trustRoots],
            environment: environment(client))
        return outcome.code == 0 ? nil : "exit code \(outcome.code): \(outcome.output)"
    }

    /// The ids of all cases that the client has.
    func ids(_ client: SuiteClient) async throws -> Set<String> {
        if client == .swift { return SwiftClient.caseIDs }
        let outcome = try await ChildProgram.run(command(client) + ["--list"], environment: environment(client))
        guard outcome.code == 0 else { throw TableError(description: outcome.output) }
        return Set(outcome.output.split(separator: "\n").map(String.init))
    }

    private func command(_ client: SuiteClient) -> [String] {
        client == .c ? ["\(folder)/interop-c"] : ["/usr/bin/python3", "\(Self.tests)/Interop/clients/interop.py"]
    }

    private func environment(_ client: SuiteClient) -> [String: String] {
        [
            "PYTHONPATH": "\(folder)/\(client.rawValue):\(Self.tests)/ThinClientTests/python",
            "PYTHONDONTWRITEBYTECODE": "1",
        ]
    }

    private static func make(_ command: [String]) async throws {
        let outcome = try await ChildProgram.run(command, environment: [:])
        guard outcome.code == 0 else {
            throw TableError(description: "\(command[0]) failed: \(outcome.output)")
        }
    }
}
