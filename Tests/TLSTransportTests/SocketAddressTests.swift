import Reactor
import Testing

@testable import TLSTransport

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:7400", "127.0.0.1:7400"), ("[::1]:7400", "[::1]:7400"), ("*:1", "0.0.0.0:1"),
        ("[*]:65535", "[::]:65535"), ("[FE80:0::1]:0", "[fe80::1]:0"),
    ])
    func readsAndWrites(text: String, expected: String) throws {
        let address = try SocketAddress(text)
        #expect(address.description == expected)
        #expect(try SocketAddress(expected) == address)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", ":7400", "127.0.0.1:65536", "127.0.0.1:-1", "::1:7400",
        "[::1:7400",
        "localhost:7400", "1.2.3:4", "[1.2.3.4]:5",
    ])
    func refuses(text: String) {
        #expect(throws: TLSError.self) { try SocketAddress(text) }
    }

    @Test func namesAreResolvedOnAWorker() async throws {
        let workers = try WorkerPool(threadCount: 1, queueCountMax: 4)
        let found = try await SocketAddress.resolve("localhost:7400", on: workers)
        #expect(found.contains(try SocketAddress("127.0.0.1:7400")))
        #expect(try await SocketAddress.resolve("[::1]:5", on: workers) == [SocketAddress("[::1]:5")])
        let error = await #expect(throws: TLSError.self) {
            try await SocketAddress.resolve("no-such-host.invalid:7400", on: workers)
        }
        #expect(error?.description.contains("no-such-host.invalid") == true)
        workers.shutdown()
    }
}
