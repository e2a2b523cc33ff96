import Foundation
import Observability
import Reactor
import TLSTransport
import Testing

@testable import ServiceHost

@Suite struct AdminRequestTests {
    private func request(_ text: String) -> AdminRequest { AdminRequest(Array(text.utf8)) }

    @Test func readsAGetWhereverItIsCut() {
        let text = "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
        #expect(request(text) == .get(path: "/metrics"))
        for count in 0..<text.utf8.count {
            #expect(AdminRequest(Array(text.utf8.prefix(count))) == .incomplete, "\(count)")
        }
        #expect(request("GET / HTTP/1.0\n\n") == .get(path: "/"))
    }

    @Test func refusesWhatItDoesNotDo() {
        #expect(request("POST / HTTP/1.1\r\n\r\n") == .refused(status: 405, reason: "Method Not Allowed"))
        #expect(request("hello\r\n\r\n") == .refused(status: 400, reason: "Bad Request"))
        #expect(request("GET /\r\n\r\n") == .refused(status: 400, reason: "Bad Request"))
        let long = "GET / HTTP/1.1\r\nX: " + String(repeating: "x", count: HostLimits.adminHeadBytesMax)
        #expect(request(long) == .refused(status: 431, reason: "Request Header Fields Too Large"))
    }

    @Test func answersAreWhole() {
        let text = String(decoding: AdminResponse.ok("é\n").bytes, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("Content-Length: 3\r\n"))
        #expect(text.hasSuffix("\r\n\r\né\n"))
    }
}

@Suite struct AdminServerTests {
    /// Starts an admin port on a free port, and gives what `curl` gets from it.
    private func served(_ paths: [String], _ readiness: ReadinessBoard = ReadinessBoard()) async throws -> [String] {
        let loops = try EventLoopGroup(count: 1)
        let workers = try WorkerPool(threadCount: 1, queueCountMax: 8)
        let port = UInt16.random(in: 20_000..<30_000)
        let pages = AdminPages(metrics: { "steward_x 1\n" }, readiness: readiness)
        let server = AdminServer(loop: loops.loops[0], pages: pages, workers: workers)
        let address = try SocketAddress("127.0.0.1:\(port)")
        try await Task(executorPreference: loops.loops[0]) { try server.start(address) }.value
        // The port is taken now, and the message says what to do.
        #expect {
            try ListeningSocket.requireFree(address, setting: "listen")
        } throws: { "\($0)".contains("127.0.0.1:\(port)") && "\($0)".contains("set listen to another") }
        var answers: [String] = []
        for path in paths {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = [
                "-c",
                "exec 3<>/dev/tcp/127.0.0.1/\(port); printf 'GET \(path) HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3; cat <&3",
            ]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            answers.append(String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
            process.waitUntilExit()
        }
        await Task(executorPreference: loops.loops[0]) { server.stop() }.value
        try ListeningSocket.requireFree(address, setting: "listen")
        return answers
    }

    @Test func servesItsPages() async throws {
        let answers = try await served(["/healthz", "/readyz", "/metrics", "/other"])
        #expect(answers[0].hasPrefix("HTTP/1.1 200 OK") && answers[0].hasSuffix("alive\n"))
        #expect(answers[1].hasPrefix("HTTP/1.1 200 OK") && answers[1].hasSuffix("ready\n"))
        #expect(answers[2].contains("version=0.0.4") && answers[2].hasSuffix("steward_x 1\n"))
        #expect(answers[3].hasPrefix("HTTP/1.1 404"))
    }

    @Test func notReadySaysWhy() async throws {
        let board = ReadinessBoard()
        board.need("database") { "not reached" }
        board.want("peer sales") { "not connected" }
        let answers = try await served(["/readyz"], board)
        #expect(answers[0].hasPrefix("HTTP/1.1 503") && answers[0].hasSuffix("\r\n\r\ndatabase: not reached\n"))
    }

    @Test func readyWithoutSomethingSaysWithoutWhat() async throws {
        let board = ReadinessBoard()
        board.need("database") { nil }
        board.want("peer sales") { "not connected" }
        board.want("writes") { nil }
        let answers = try await served(["/readyz"], board)
        #expect(
            answers[0].hasPrefix("HTTP/1.1 200 OK")
                && answers[0].hasSuffix("\r\n\r\nready\nwithout peer sales: not connected\n"))
    }
}
