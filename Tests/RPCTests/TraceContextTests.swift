import CEnvelope
import Glibc
import Logging
import Observability
import Testing
import Wire

@testable import RPC

/// https://www.w3.org/TR/trace-context/, as far as a server has to do with it.
@Suite struct TraceContextTests {
    private let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private func parse(_ text: String) -> TraceContext? {
        Array(text.utf8).withUnsafeBytes { TraceContext(parsing: $0) }
    }

    @Test func aTraceParentComesThroughUnchanged() throws {
        let trace = try #require(parse(text))
        #expect(trace.traceParent == text)
        #expect(trace.withTraceParent { String(decoding: $0, as: UTF8.self) } == text)
        #expect(trace.isSampled)
        #expect(trace.traceIDText == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(trace.parentID == 0)
    }

    @Test(arguments: [
        "", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        // Version 00 has nothing behind the flags.
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        // A later version may go on, but only after a dash.
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
    ])
    func whatIsMalformedIsNone(_ bad: String) { #expect(parse(bad) == nil) }

    @Test func laterVersionsAreReadAsTheFirst() throws {
        let later = try #require(parse("cc" + text.dropFirst(2) + "-what-the-future-holds"))
        #expect(later.traceParent == text)
        #expect(parse("cc" + text.dropFirst(2)) == later)
    }

    /// Of the flags only the first bit is known; the others are not passed on.
    @Test(arguments: [("00", false), ("01", true), ("02", false), ("ff", true)])
    func theFirstFlagSaysWhetherItIsRecorded(_ flags: String, _ isSampled: Bool) throws {
        let trace = try #require(parse(text.dropLast(2) + flags))
        #expect(trace.isSampled == isSampled)
        #expect(trace.traceParent.hasSuffix(isSampled ? "-01" : "-00"))
    }

    @Test func aChildKnowsItsParent() throws {
        let trace = try #require(parse(text))
        let child = trace.child()
        #expect(child.traceIDText == trace.traceIDText && child.spanID != trace.spanID && child.isSampled)
        #expect(child.parentID == trace.spanID)
        #expect(child.child().parentID == child.spanID)
    }

    @Test func aRatioIsKeptByTheTraceID() {
        #expect(!(0..<1_000).contains { _ in TraceContext.make(.none).isSampled })
        #expect((0..<1_000).allSatisfy { _ in TraceContext.make(TraceSampling(ratio: 1)).isSampled })
        let quarter = TraceSampling(ratio: 0.25)
        #expect(quarter.includes(traceLow: .max / 8) && !quarter.includes(traceLow: .max / 2))
        let count = (0..<10_000).count { _ in TraceContext.make(quarter).isSampled }
        // Ids are spread evenly: six standard deviations are 260.
        #expect((2_240...2_760).contains(count))
    }
}

/// Where a call's time went.
@Suite struct CallTimesTests {
    private func context(_ trace: TraceContext = .make(), tracing: Tracing = .off) -> CallContext {
        let message = MessageDescriptor(steward_rpc_v1_check_health_request_descriptor())
        let method = MethodDefinition(
            path: "steward.rpc.v1.HealthService/CheckHealth", request: message, response: message, kind: .unary)
        return CallContext(
            method: method, deadline: .never, trace: trace,
            connection: ConnectionContext(peer: .client(address: "test"), tracing: tracing), arena: Arena(),
            startNanoseconds: 1_000)
    }

    @Test func thePartsAddUp() {
        let context = context()
        context.handlerNanoseconds = 1_100
        context.waitedForConnection(nanoseconds: 200)
        context.usedDatabase("default", from: 5_000, to: 5_300, isScan: false, error: nil)
        context.usedDatabase("default", from: 6_000, to: 6_100, isScan: false, error: nil)
        #expect(context.times(of: 1_000) == CallTimes(queue: 100, pool: 200, database: 400, handler: 300))
    }

    @Test func aCallThatNeverBeganWasInTheQueueOnly() {
        #expect(context().times(of: 700) == CallTimes(queue: 700, pool: 0, database: 0, handler: 0))
    }

    @Test func moreDatabaseThanTimeLeavesNothingForTheRest() {
        let context = context()
        context.handlerNanoseconds = 1_000
        context.usedDatabase("default", from: 0, to: 900, isScan: false, error: nil)
        context.usedDatabase("default", from: 0, to: 900, isScan: false, error: nil)
        #expect(context.times(of: 1_000) == CallTimes(queue: 0, pool: 0, database: 1_800, handler: 0))
    }

    /// A failed statement makes its span one of an error, with the SQLSTATE and nothing of what the server said.
    @Test func aFailedStatementMarksItsSpan() throws {
        let path = "/tmp/steward-spans-\(UInt64.random(in: 0...UInt64.max))"
        defer { unlink(path) }
        let exporter = SpanExporter(
            path: path, program: "steward-test", version: "1", fileBytesMax: 1 << 20,
            factory: PrometheusRegistry())
        let context = context(.make(isSampled: true), tracing: Tracing(sampling: .none, exporter: exporter))
        context.usedDatabase("default", from: 1, to: 2, isScan: false, error: nil)
        context.usedDatabase("default", from: 2, to: 3, isScan: false, error: "23505")
        #expect(exporter.flush() == nil)
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes.prefix(count), as: UTF8.self)
        let status = "\"status\":"
        #expect(text.split(separator: status).count == 3 && text.contains("\(status){}}"))
        #expect(text.contains("\"error.type\",\"value\":{\"stringValue\":\"23505\"}}],\(status){\"code\":2}}"))
    }

    @Test func theDatabaseShowsRecordedTracesOnly() {
        #expect(context(.make(isSampled: false)).databaseLabel == nil)
        let trace = TraceContext.make(isSampled: true)
        #expect(context(trace).databaseLabel == "\(trace.traceIDText) HealthService/CheckHealth")
    }
}
