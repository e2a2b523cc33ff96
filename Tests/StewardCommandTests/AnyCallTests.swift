import Contracts
import Foundation
import RPC
import Synchronization
import Testing
import Wire

@testable import steward

/// Calls of every kind through a channel that plays the server.
@Suite struct AnyCallTests {
    /// Answers each request with its service name; a stream of requests also with how many came.
    private final class Server: RPCChannel, ClientCall {
        private let answers: AsyncThrowingStream<[UInt8], any Error>
        private let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
        private let kind: MethodDefinition.Kind
        let received = Mutex<[String]>([])
        /// The call ends with this after the first request.
        let failure: RPCError?

        init(_ kind: MethodDefinition.Kind, failure: RPCError? = nil) {
            (answers, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self)
            (self.kind, self.failure) = (kind, failure)
        }

        func unary(_ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions)
            async throws(RPCError) -> [UInt8]
        { request }

        func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall { self }

        func send(_ message: [UInt8]) async throws(RPCError) {
            received.withLock { $0.append((try? CheckHealthRequest(decoding: message))?.service ?? "?") }
            if let failure { return continuation.finish(throwing: failure) }
            if kind != .clientStreaming { continuation.yield(message) }
            if kind == .serverStreaming { continuation.yield(message) }
        }

        func finish() async throws(RPCError) {
            if kind == .clientStreaming {
                let all = received.withLock { $0.joined(separator: "+") }
                continuation.yield(CheckHealthRequest(service: all).encoded())
            }
            continuation.finish()
        }

        func next() async throws(RPCError) -> [UInt8]? {
            do {
                for try await answer in answers { return answer }
                return nil
            } catch {
                throw RPCError(masking: error)
            }
        }

        func cancel() { continuation.finish(throwing: RPCError.cancelled()) }
    }

    private func answers(
        _ kind: MethodDefinition.Kind, text: String? = nil, lines: String? = nil, failure: RPCError? = nil
    ) async throws -> [String] {
        let type = CheckHealthRequest.descriptor
        let method = MethodDefinition(path: "a.S/M", request: type, response: type, kind: kind)
        let shown = Mutex<[String]>([])
        var file: String?
        if let lines {
            file = NSTemporaryDirectory() + "requests-\(UUID().uuidString)"
            try lines.write(toFile: file ?? "", atomically: true, encoding: .utf8)
        }
        defer { if let file { try? FileManager.default.removeItem(atPath: file) } }
        let call = AnyCall(channel: Server(kind, failure: failure), method: method, options: CallOptions()) { answer in
            shown.withLock { $0.append((CheckHealthRequest(answer).service ?? "")) }
        }
        try await call.run(RequestSource(kind, text: text, file: file))
        return shown.withLock { $0 }
    }

    @Test func everyKindIsCalled() async throws {
        let lines = "{\"service\": \"a\"}\n\n  \n{\"service\": \"b\"}"
        #expect(try await answers(.unary, text: "{\"service\": \"a\"}") == ["a"])
        #expect(try await answers(.unary) == [""])
        #expect(try await answers(.unary, lines: "{\"service\":\n\"a\"}\n") == ["a"])
        #expect(try await answers(.serverStreaming, text: "{\"service\": \"a\"}") == ["a", "a"])
        #expect(try await answers(.clientStreaming, lines: lines) == ["a+b"])
        #expect(try await answers(.clientStreaming, text: "{\"service\": \"a\"}") == ["a"])
        #expect(try await answers(.clientStreaming, lines: "") == [""])
        #expect(try await answers(.bidirectional, lines: lines) == ["a", "b"])
    }

    @Test(arguments: [MethodDefinition.Kind.clientStreaming, .bidirectional])
    func aBadRequestIsNamedAndEndsTheCall(_ kind: MethodDefinition.Kind) async {
        let problem = await #expect(throws: UsageProblem.self) {
            _ = try await answers(kind, lines: "{\"service\": \"a\"}\n{\"servce\": \"b\"}\n")
        }
        #expect(problem?.text.contains("servce") == true)
    }

    @Test func theErrorOfTheCallIsTheUsers() async {
        let error = await #expect(throws: RPCError.self) {
            _ = try await answers(
                .bidirectional, lines: "{}\n", failure: .notFound("RECORD_NOT_FOUND", "There is none."))
        }
        #expect(error?.reason == "RECORD_NOT_FOUND")
    }

    @Test func namesThatThereAreNotGetNearOnes() throws {
        func service(_ name: String, _ methods: String...) -> ServiceDescription {
            ServiceDescription(name: name, methods: methods.map { MethodDescription(name: $0) })
        }
        let catalogue = RemoteCatalogue(services: [
            service("steward.customer.v1.AccountService", "GetAccount", "ListAccounts"),
            service("steward.sales.v1.DealService", "GetDeal", "GetBoard"),
        ])
        func cure(_ path: String) -> String? {
            do {
                _ = try catalogue.method(path)
                return nil
            } catch { return (error as? UsageProblem)?.cure }
        }
        #expect(cure("AccountService/GetAccount") == nil)
        #expect(cure("AcountService/GetAccount") == "did you mean AccountService?")
        #expect(cure("accountservice/GetAccount") == "did you mean AccountService?")
        #expect(cure("DealService/GetBord") == "did you mean DealService/GetBoard?")
        // The method of another service.
        #expect(cure("AccountService/GetBoard")?.contains("DealService/GetBoard") == true)
        #expect(cure("GetBoard") == "did you mean DealService/GetBoard?")
        #expect(cure("Nothing/Alike") == "steward describe lists them")
    }
}

@Suite struct StatisticsTextTests {
    @Test(arguments: [
        (0.128, "0.13 µs"), (999, "999 µs"), (1_500, "1.5 ms"), (12_340, "12.3 ms"), (3_600_000_000, "3600 s"),
    ])
    func durationsHaveThreeDigits(_ microseconds: Double, _ text: String) {
        #expect(FigureText.duration(microseconds: microseconds) == text)
    }

    @Test func barsAndSparklinesKeepTheirScale() {
        #expect(FigureText.bar(0, cells: 4) == "")
        #expect(FigureText.bar(1, cells: 4) == "████")
        #expect(FigureText.bar(0.5, cells: 4) == "██")
        #expect(FigureText.bar(2, cells: 4) == "████")
        #expect(FigureText.sparkline([0, 0]) == "▁▁")
        #expect(FigureText.sparkline([0, 5, 10]) == "▁▄█")
        #expect(FigureText.sparkline([]) == "")
    }

    private func statistics(start: UInt64, time: UInt64, calls: UInt64, errors: UInt64) -> GetStatisticsResponse {
        GetStatisticsResponse(
            program: "customer", version: "1", startTimeMs: start, timeMs: time,
            methods: [
                MethodStatistics(
                    method: "steward.customer.v1.AccountService/GetAccount", count: calls,
                    codes: [CodeCount(code: "OK", count: calls - errors), CodeCount(code: "NOT_FOUND", count: errors)],
                    latency: LatencyStatistics(p50Us: 10, p95Us: 20, p99Us: 30, maxUs: 40))
            ])
    }

    @Test func ratesAreOfWhatHasChanged() {
        let old = statistics(start: 1_000, time: 2_000, calls: 100, errors: 10)
        let new = statistics(start: 1_000, time: 4_000, calls: 300, errors: 12)
        let change = StatisticsChange(from: old, to: new)
        #expect(change.callsPerSecond == 100 && change.errorsPerSecond == 1)
        // Started again in between: everything is new.
        let again = StatisticsChange(from: new, to: statistics(start: 5_000, time: 6_000, calls: 7, errors: 0))
        #expect(again.callsPerSecond == 7)
    }

    @Test func thePeersShowAttemptsBeyondTheFirst() {
        var statistics = statistics(start: 1_000, time: 61_000, calls: 1, errors: 0)
        statistics.peers = [PeerStatistics(program: "sales", retries: 31, hedges: 32, retriesRefused: 33)]
        let lines = StatisticsText.lines(of: statistics, width: 200)
        #expect(lines.contains { $0.hasPrefix("sales") && $0.hasSuffix("     31      32       33") })
    }

    @Test func theTableShowsEachMethod() {
        let lines = StatisticsText.lines(
            of: statistics(start: 1_000, time: 61_000, calls: 100, errors: 10), width: 200)
        #expect(lines[0].contains("customer 1, up 60 s"))
        let row = lines.last ?? ""
        #expect(row.contains("AccountService/GetAccount") && row.contains("10 µs") && row.contains("40 µs"))
        #expect(row.contains("100") && row.hasSuffix("██████████"))
    }
}
