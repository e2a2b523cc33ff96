import Foundation
import RPC
import Testing

@testable import steward

@Suite struct PlaceProblemTests {
    @Test(arguments: [
        ("localhost", "names no port", "localhost:7400"), ("https://crm.example", "web", "crm.example:7400"),
        ("https://crm.example:7411/x", "web", "crm.example:7411"), (":7400", "names no host", "localhost:7400"),
        ("localhost:0", "names no port", "localhost:7400"), ("localhost:http", "names no port", "localhost:7400"),
        ("localhost:99999", "names no port", "localhost:7400"), ("", "no address", "localhost:7400"),
    ])
    func addressesThatAreNone(_ server: String, _ says: String, _ cure: String) {
        let problem = #expect(throws: UsageProblem.self) { try PlaceProblem.check(server: server, "--server") }
        #expect(problem?.text.hasPrefix("--server: ") == true)
        #expect(problem?.text.contains(says) == true, "\(String(describing: problem))")
        #expect(problem?.cure.contains(cure) == true, "\(String(describing: problem))")
    }

    @Test(arguments: ["localhost:7400", "127.0.0.1:1", "[::1]:7400", "crm.example:65535"])
    func addresses(_ server: String) throws {
        try PlaceProblem.check(server: server, "--server")
    }

    @Test func filesThatAreNoAuthority() throws {
        let path = NSTemporaryDirectory() + "ca-\(UUID().uuidString)"
        let missing = #expect(throws: UsageProblem.self) { try PlaceProblem.check(authority: path, "--ca") }
        #expect(missing?.text.contains("No such file") == true)
        try "no certificate\n".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let other = #expect(throws: UsageProblem.self) { try PlaceProblem.check(authority: path, "--ca") }
        #expect(other?.text == "--ca: \(path) is no file with a certificate")
    }

    private func problem(_ error: RPCError, server: String, name: String? = nil) -> UsageProblem? {
        PlaceProblem.of(
            error, server: server, serverOrigin: "--server", certificateName: name, nameOrigin: "--server-name")
    }

    @Test func whyThereIsNoConnection() {
        let mismatch = RPCError.unavailable(Reason.serverNotTrusted.name, "It is not accepted: hostname mismatch")
        #expect(problem(mismatch, server: "a:1", name: "b")?.text.hasPrefix("--server-name: ") == true)
        #expect(problem(mismatch, server: "a:1", name: "b")?.cure.contains("--server-name") == true)
        let unsigned = RPCError.unavailable(Reason.serverNotTrusted.name, "self-signed certificate in chain")
        #expect(problem(unsigned, server: "a:1", name: "b") == nil)
        let failed = RPCError.unavailable(Reason.connectFailed.name, "No connection")
        #expect(problem(failed, server: "127.0.0.1:1") == nil)
        let unknown = problem(failed, server: "nosuch.invalid:1")
        #expect(unknown?.text.contains("nosuch.invalid cannot be looked up") == true)
    }
}
