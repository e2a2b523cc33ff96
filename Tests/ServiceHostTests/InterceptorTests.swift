import Contracts
import CoreMetrics
import Credentials
import CustomerContracts
import Observability
import RPC
import RPCTransport
import Reactor
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct InterceptorTests {
    private let registry = PrometheusRegistry()

    @Test func onlyNamedProgramsMayCall() async {
        let check = PeerCheck(methods: [
            AccountServiceMethods.getAccount, PolicyServiceMethods.getPolicy,
            HealthServiceMethods.checkHealth,
        ])
        func refusal(_ method: MethodDefinition, _ peer: Peer) async -> String? {
            await reason { try check.admit(Sample.context(method, peer: peer)) }
        }
        #expect(await refusal(AccountServiceMethods.getAccount, .program(.gateway)) == nil)
        #expect(await refusal(AccountServiceMethods.getAccount, .program(.sales)) == "PEER_NOT_ALLOWED")
        #expect(await refusal(PolicyServiceMethods.getPolicy, .program(.sales)) == nil)
        #expect(await refusal(PolicyServiceMethods.getPolicy, .program(.gateway)) == "PEER_NOT_ALLOWED")
        #expect(await refusal(HealthServiceMethods.checkHealth, .program(.identity)) == nil)
        #expect(await refusal(AccountServiceMethods.getAccount, .client(address: "a")) == "PEER_NOT_ALLOWED")
    }

    @Test func aTenantHasItsShareAndNoMore() async throws {
        let limit = TenantLimit(callsMax: 2, factory: registry)
        let contexts = (0..<3).map { _ in Sample.context(caller: Sample.caller()) }
        try limit.admit(contexts[0])
        try limit.admit(contexts[1])
        #expect(await reason { try limit.admit(contexts[2]) } == "TENANT_CALLS_LIMIT")
        let other = Sample.caller(tenant: TenantID(RecordID(high: 9, low: 9)))
        #expect(await reason { try limit.admit(Sample.context(caller: other)) } == nil)
        // The refused call is finished like the others; then there is room for exactly one.
        limit.finish(contexts[2], CallOutcome(error: nil, durationNanoseconds: 0))
        limit.finish(contexts[0], CallOutcome(error: nil, durationNanoseconds: 0))
        #expect(await reason { try limit.admit(contexts[0]) } == nil)
        #expect(await reason { try limit.admit(contexts[2]) } == "TENANT_CALLS_LIMIT")
        #expect(registry.exposition().contains("steward_rpc_server_refusals_total{reason=\"TENANT_CALLS_LIMIT\"} 2"))
    }

    @Test func aPassedDeadlineIsNotBegun() async {
        let check = DeadlineCheck()
        let past = Sample.context(deadline: Deadline(nanoseconds: 1))
        #expect(await reason { try check.admit(past) } == "DEADLINE_EXCEEDED")
        #expect(await reason { try check.admit(Sample.context()) } == nil)
    }

    @Test func callsAreCountedByMethodAndCode() async throws {
        let loops = try EventLoopGroup(count: 1)
        let statistics = CallStatistics(methods: [AccountServiceMethods.getAccount], loops: loops)
        let measure = CallMeasure(statistics: statistics, loopCount: 1, factory: registry)
        try await Task(executorPreference: loops.loops[0]) { [registry] in
            let context = Sample.context()
            try measure.admit(context)
            #expect(registry.exposition().contains("steward_rpc_server_calls_in_flight 1"))
            measure.finish(context, CallOutcome(error: nil, durationNanoseconds: 2_000_000))
            let refused = RPCError.notFound("RECORD_NOT_FOUND", "gone")
            try measure.admit(context)
            measure.finish(context, CallOutcome(error: refused, durationNanoseconds: 1))
        }.value
        let figures = MethodFigures.make(await statistics.tally(), statistics.methods, areForwarded: false)
        #expect(figures.map(\.count) == [2])
        #expect(figures[0].codes == [CodeCount(code: "OK", count: 1), CodeCount(code: "NOT_FOUND", count: 1)])
        #expect(figures[0].latency?.maxUs == 2_000)
        loops.shutdown()
        let text = registry.exposition()
        func labels(_ code: String) -> String {
            "{code=\"\(code)\",method=\"steward.customer.v1.AccountService/GetAccount\"}"
        }
        #expect(text.contains("steward_rpc_server_duration_seconds_count\(labels("OK")) 1"))
        #expect(text.contains("steward_rpc_server_duration_seconds_count\(labels("NOT_FOUND")) 1"))
        #expect(text.contains("steward_rpc_server_calls_in_flight 0"))
    }

    @Test func whatTheTransportReportsIsCounted() {
        let metrics = TransportMetrics(factory: registry)
        let observer: any TransportObserver = metrics
        observer.connectionOpened(isResumed: true)
        observer.connectionOpened(isResumed: false)
        observer.connectionClosed()
        observer.handshakeFailed()
        observer.callRefused(reason: "TOO_MANY_CALLS")
        observer.protocolError(reason: "FRAME_MALFORMED")
        let counts = TransportMetrics.Counts(
            accepted: 2, resumed: 1, handshakesFailed: 1, refused: ["TOO_MANY_CALLS": 1],
            protocolErrors: ["FRAME_MALFORMED": 1])
        #expect(metrics.counts == counts)
        let text = registry.exposition()
        #expect(text.contains("steward_rpc_server_accepts_total 2"))
        #expect(text.contains("steward_rpc_server_connections 1"))
        #expect(text.contains("steward_tls_handshake_failures_total 1"))
        #expect(text.contains("steward_rpc_server_refusals_total{reason=\"TOO_MANY_CALLS\"} 1"))
        #expect(text.contains("steward_rpc_server_protocol_errors_total{reason=\"FRAME_MALFORMED\"} 1"))
    }

    @Test func aGenuineTokenMakesTheCaller() async throws {
        let key = try MACKey(Sample.keyBytes)
        let authentication = CallerAuthentication(
            verifier: CallerTokenVerifier(audience: .customer, key: key), loopCount: 1, factory: registry)
        let caller = Sample.caller()
        let context = Sample.context(token: try CallerTokenMinter(keys: [.customer: key]).mint(caller))
        try authentication.admit(context)
        #expect(context.caller == caller)
        let nobody = Sample.context()
        try authentication.admit(nobody)
        #expect(nobody.caller == nil)
        let forged = Sample.context(token: CallerTokenBytes(encoded: [1, 2, 3]))
        #expect(await reason { try authentication.admit(forged) } == "CALLER_INVALID")
        #expect(forged.caller == nil)
        #expect(registry.exposition().contains("steward_caller_refusals_total{reason=\"CALLER_INVALID\"} 1"))
    }
}
