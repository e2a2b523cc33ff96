import RPC
import TestSteward
import Testing

/// Hostile clients at the real gateway: its memory stays bounded, and a well-behaved client is served all the while. How
/// long that one waits is measured by Tests/Benchmarks/run hostile. One attack at a time, each with a gateway of its own.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HostileTests {
    private static let mebibyte = 1 << 20

    /// Runs an attack. Returns what became of it, after seeing to it that nobody else was harmed.
    private func survive(
        _ attack: Attack, growthMax: Int, settings: [String] = [], bystanderReconnects: Bool = true,
        _ check: (LoneGateway, Attack.Outcome) throws -> Void
    ) async throws {
        let gateway = try await LoneGateway.start(settings: settings)
        let before = try gateway.program.residentBytes()
        let ((outcome, peak), calls) = try await Bystander.during(gateway, reconnects: bystanderReconnects) {
            try await attack.run(gateway)
        }
        #expect(peak - before <= growthMax, "\(attack.kind): grew by \((peak - before) / Self.mebibyte) MiB")
        #expect(calls > 0, "\(attack.kind): nobody else was served")
        #expect(outcome.connected > 0, "\(attack.kind): the attacker did not get through")
        try check(gateway, outcome)
        try await gateway.stop()
    }

    /// Floods that end with a reason.
    @Test(arguments: [
        ("ping-flood", "TOO_MANY_PINGS"), ("rapid-reset", "TOO_MANY_CANCELS"), ("lying-length", "FRAME_TOO_LONG"),
        ("huge-credit", "CREDIT_TOO_LARGE"), ("header-bomb", "FRAME_MALFORMED"),
        ("nesting-bomb", "REQUEST_MALFORMED"), ("no-credit", "ANSWER_NOT_TAKEN"), ("tiny-credit", "ANSWER_NOT_TAKEN"),
    ])
    func aFloodIsStoppedWithItsReason(kind: String, reason: String) async throws {
        try await survive(Attack(kind: kind, clients: 8, seconds: 3), growthMax: 96 * Self.mebibyte) { _, outcome in
            #expect(outcome.reason(reason) > 0, "\(kind): \(outcome)")
        }
    }

    /// Whoever does not take what he asked for is read no further, until he does or his time is over.
    @Test func theDeafAreReadNoFurther() async throws {
        try await survive(Attack(kind: "deaf", clients: 8, seconds: 3), growthMax: 96 * Self.mebibyte) { _, outcome in
            #expect(outcome.connected == 8 && outcome.reason("ANSWER_NOT_TAKEN") == 0)
        }
    }

    /// One byte in each record, and one byte of a record in each packet: allowed, and answered.
    @Test(arguments: ["one-byte-frames", "one-byte-records"])
    func smallPiecesAreOnlySlow(kind: String) async throws {
        try await survive(Attack(kind: kind, clients: 8, seconds: 3), growthMax: 48 * Self.mebibyte) { _, outcome in
            #expect(outcome.answered > 0)
        }
    }

    /// OpenSSL itself would go on deriving keys for as long as they come.
    @Test func keyUpdatesAreLimited() async throws {
        try await survive(Attack(kind: "key-updates", clients: 8, seconds: 3), growthMax: 48 * Self.mebibyte) {
            gateway, outcome in
            #expect(outcome.closed > 8)
            let log = try gateway.program.log()
            #expect(log.contains("key updates in a minute"))
        }
    }

    /// New connections as fast as they can be made: they wait for those who are in, and one address gets only so many.
    @Test(arguments: ["churn", "resumptions", "connect-reset"])
    func stormsOfHandshakesAreLimited(kind: String) async throws {
        let attack = Attack(kind: kind, clients: 8, seconds: 3, sources: 2)
        let settings = ["limits: {handshakesPerAddress: 2}"]
        try await survive(
            attack, growthMax: 48 * Self.mebibyte, settings: settings, bystanderReconnects: false
        ) { gateway, outcome in
            // Two addresses: what they may at once, and what grows back in the time and a little more. A connection that is
            // reset before it shakes hands is made, as far as the kernel tells.
            if kind != "connect-reset" { #expect(outcome.connected <= 2 * (20 + 2 * 10)) }
            #expect(gateway.metric("steward_tls_handshake_failures_total") <= 2 * (20 + 2 * 10))
            #expect(outcome.refused > 0 || kind == "connect-reset")
            if kind == "resumptions" { #expect(outcome.answered > 0, "no session was resumed") }
        }
    }

    /// Who does not finish his handshake, or says nothing after it, is left after ten seconds. Both kinds at once, since they only wait.
    @Test func theSilentAreLeft() async throws {
        async let shaking: Void = expectLeft("slow-handshakes")
        async let open: Void = expectLeft("half-open")
        try await shaking
        try await open
    }

    private func expectLeft(_ kind: String) async throws {
        try await survive(Attack(kind: kind, clients: 400, seconds: 14), growthMax: 64 * Self.mebibyte) {
            gateway, outcome in
            #expect(outcome.closed >= 200)
            #expect(gateway.metric("steward_tls_handshake_failures_total") >= 200)
            if kind == "half-open" {
                #expect(gateway.metric("steward_rpc_server_protocol_errors_total", "HELLO_TIMEOUT") > 0)
            }
        }
    }

    /// A mebibyte each, less a byte: together they may hold 128.
    @Test func unfinishedFramesTakeBoundedMemory() async throws {
        try await survive(Attack(kind: "unfinished", clients: 400, seconds: 10), growthMax: 224 * Self.mebibyte) {
            gateway, outcome in
            #expect(outcome.connected > 200)
            #expect(outcome.closed > 0)
            let log = try gateway.program.log()
            #expect(log.contains("unfinished input"))
        }
    }

    @Test func oneAddressGetsOnlySoManyConnections() async throws {
        let gateway = try await LoneGateway.start(settings: ["limits: {connectionsPerAddress: 50}"])
        let (outcome, _) = try await Attack(kind: "idle", clients: 60, seconds: 3, sources: 1).run(gateway)
        #expect(outcome.connected >= 50 && outcome.refused > 0)
        #expect(gateway.metric("steward_rpc_server_accepts_total") == 50)
        try await gateway.stop()
    }

    /// Ten thousand, each of which has done a call: what they cost, and that somebody else is served beside them.
    @Test func tenThousandIdleConnectionsTakeLittleMemory() async throws {
        let count = 10_000
        let gateway = try await LoneGateway.start(
            settings: ["limits: {connectionsPerAddress: 0, handshakesPerAddress: 0}"])
        let before = try gateway.program.residentBytes()
        let attack = Attack(kind: "idle", clients: count, seconds: 115, sources: 10)
        var each = Int.max
        let (outcome, _) = try await attack.run(gateway) {
            each = (try gateway.program.residentBytes() - before) / count
            let client = try await gateway.connect()
            client.send(RawClient.hello + RawClient.call(1, "steward.rpc.v1.HealthService/CheckHealth"))
            #expect(await client.status(of: 1)?.code == .ok)
            await client.close()
        }
        #expect(outcome.connected == count && outcome.closed == 0)
        #expect(each <= 24 * 1024, "\(each) bytes for each connection")
        try await gateway.stop()
    }
}
