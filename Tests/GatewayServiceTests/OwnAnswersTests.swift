import Contracts
import RPC
import RPCTransport
import Testing

@testable import GatewayService

/// What the gateway answers by itself, to clients without a session.
@Suite struct OwnAnswersTests {
    private func connection(_ address: String) -> ConnectionContext {
        ConnectionContext(peer: .client(address: address), remoteAddress: address)
    }

    /// How many answers of the kind come at once.
    private func countAtOnce(_ answer: OwnAnswer, _ own: OwnAnswers, _ address: String) -> Int {
        (0..<20_000).prefix { _ in own.wait(connection(address), answer, now: 1) == 0 }.count
    }

    @Test func connectionsOfOneNetworkShareItsPace() {
        let own = OwnAnswers()
        #expect(countAtOnce(.refused, own, "192.0.2.1:7") == 10_000)
        #expect(own.wait(connection("192.0.2.1:8"), .refused, now: 1) > 0)
        #expect(own.wait(connection("192.0.2.2:7"), .refused, now: 1) == 0, "another network is not held back")
        #expect(own.wait(connection("192.0.2.1:8"), .refused, now: 5_000_000_000) == 0)
    }

    @Test func theLongAnswersOfReflectionCountAsMany() {
        for method in ReflectionServiceMethods.all {
            #expect(countAtOnce(.served(method), OwnAnswers(), "192.0.2.1:7") == 500, "\(method.path)")
        }
    }

    @Test func everythingElseThatTheGatewayServesCounts() {
        let methods = HealthServiceMethods.all + ServerServiceMethods.all + SessionServiceMethods.all
        for method in methods {
            #expect(countAtOnce(.served(method), OwnAnswers(), "192.0.2.1:7") == 10_000, "\(method.path)")
        }
    }

    @Test func networksDoNotPileUp() {
        let own = OwnAnswers()
        for number in 0..<40_000 { _ = own.wait(connection("host\(number):1"), .refused, now: 1) }
        #expect(own.networkCount <= 16_384)
    }
}
