import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import RPC
import SalesContracts
import ServiceHost
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// A program is away, is not who it should be, or is silent: the rest goes on, and clients learn nothing of how the installation is
    /// made.
    @Suite(.serialized) struct OutageJourney {
        /// What is behind the gateway in a customer's words, and a call that needs it.
        private static let needs: [(ServiceName, @Sendable (StewardConnection) async throws -> Void)] = [
            (.identity, { _ = try await $0.users.listUsers(ListUsersRequest()) }),
            (.customer, { _ = try await $0.accounts.listAccounts(ListAccountsRequest()) }),
            (.sales, { _ = try await $0.deals.listDeals(ListDealsRequest()) }),
        ]

        @Test func eachProgramMayBeAway() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            // What the rest is to go on with: rights that a program has heard of.
            for (_, call) in Self.needs { try await call(workspace.admin) }
            for (away, call) in Self.needs {
                try await steward.program(away).kill()
                try await expectRefused(call, workspace.admin, service: away, steward)
                try await expectRest(without: away, workspace)
                try await steward.program(away).start()
                try await eventually("\(away) serves again") { (try? await call(workspace.admin)) != nil }
            }
            await workspace.close()
            try await steward.stop()
        }

        @Test func aProgramWithAnotherCertificateIsAway() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            try await steward.sales.stop()
            try steward.forgeCertificate(of: .sales)
            try steward.sales.launch()
            try await expectRefused(Self.needs[2].1, workspace.admin, service: .sales, steward)
            #expect(steward.gateway.page("/readyz")?.status == 200)
            try await eventually("the gateway's log says that the certificate is wrong") {
                _ = try await refusal { try await Self.needs[2].1(workspace.admin) }
                return try steward.gateway.log().split(separator: "\n").contains {
                    $0.contains("forward failed") && $0.contains("certificate")
                }
            }
            await workspace.close()
            try await steward.stop()
        }

        @Test func aProgramThatNeverAnswersIsAway() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            try await steward.sales.stop()
            let hole = try BlackHole(port: steward.sales.port)
            // The gateway waits for the handshake, and the caller no longer than it says.
            let error = try await refusal {
                _ = try await workspace.admin.deals.listDeals(
                    ListDealsRequest(), options: CallOptions(timeout: .seconds(2)))
            }
            #expect(error.code == .deadlineExceeded || error.code == .unavailable)
            expectNothingInner(error, steward)
            #expect(steward.gateway.page("/readyz")?.status == 200)
            _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest())
            hole.close()
            try await steward.sales.start()
            await workspace.close()
            try await steward.stop()
        }

        @Test func aGatewayWithoutAnythingIsNotReady() async throws {
            let steward = try await TestSteward.start()
            let programs = [steward.identity, steward.customer, steward.sales]
            for program in programs { try await program.kill() }
            try await eventually("the gateway is not ready") { steward.gateway.page("/readyz")?.status == 503 }
            #expect(steward.gateway.page("/readyz")?.body.contains("peers: none is connected") == true)
            #expect(steward.gateway.page("/healthz")?.status == 200)
            let connection = try await steward.connect()
            let error = try await refusal {
                try await connection.signIn(workspace: "w", email: "a@b.example", password: "whatever it is")
            }
            #expect(error.reason == "SERVICE_UNAVAILABLE")
            expectNothingInner(error, steward)
            await connection.close()
            for program in programs { try program.launch() }
            for program in programs { try await program.awaitReady() }
            try await steward.gateway.awaitReady()
            try await steward.stop()
        }

        /// The call fails with what a customer can read, and the operators find the rest under the incident.
        private func expectRefused(
            _ call: @Sendable (StewardConnection) async throws -> Void, _ connection: StewardConnection,
            service: ServiceName, _ steward: TestSteward
        ) async throws {
            let error = try await eventually("calls to \(service) are refused") { () -> RPCError? in
                let error = try await refusal { try await call(connection) }
                // Whoever was under way when it ended was told so.
                return error.reason == "SERVICE_INTERRUPTED" ? nil : error
            }
            #expect(error.code == .unavailable)
            #expect(error.reason == "SERVICE_UNAVAILABLE")
            #expect(error.retryDelay == .seconds(1))
            #expect(error.details.first { $0.key == "service" }?.value == service.rawValue)
            expectNothingInner(error, steward)
            let incident = try #require(error.details.first { $0.key == "incident_id" }?.value)
            try await eventually("the gateway's log has the incident", within: .seconds(5)) {
                try steward.gateway.log().split(separator: "\n").contains {
                    $0.contains(incident) && $0.contains("forward failed") && $0.contains("127.0.0.1:")
                        && $0.contains("\"trace.id\"")
                }
            }
        }

        /// No name, address or certificate of a program stands in what a client gets.
        private func expectNothingInner(_ error: RPCError, _ steward: TestSteward) {
            let told = ([error.message] + error.details.map(\.value)).joined(separator: " ")
            let inner = ["steward.internal", "127.0.0.1", "localhost", "peer", "certificate", "TLS", "errno"]
            #expect(inner.filter { told.contains($0) } == [], "\(told)")
            #expect(steward.programs.filter { told.contains("\($0.port)") }.isEmpty, "\(told)")
        }

        /// What does not need the program goes on, and whoever asks is told which it is.
        private func expectRest(without away: ServiceName, _ workspace: TestWorkspace) async throws {
            let steward = workspace.steward
            for (service, call) in Self.needs where service != away { try await call(workspace.admin) }
            let readiness = try await eventually("the gateway says what it misses") { () -> String? in
                guard let page = steward.gateway.page("/readyz"), page.body != "ready\n" else { return nil }
                #expect(page.status == 200)
                return page.body
            }
            #expect(readiness.hasPrefix("ready\nwithout peer \(away.rawValue): "))
            for program in steward.programs where Topology.peers(of: program.name).contains(away) {
                try await eventually("\(program.name) is ready, and says what it misses") {
                    let page = program.page("/readyz")
                    return page?.status == 200 && page?.body.contains("without peer \(away.rawValue): ") == true
                        && program.page("/metrics")?.body.contains(
                            "steward_rpc_client_connected{service=\"\(away.rawValue)\"} 0") == true
                }
            }
            let names: [ServiceName: String] = [
                .identity: "steward.identity.v1.UserService", .customer: "steward.customer.v1.AccountService",
                .sales: "steward.sales.v1.DealService",
            ]
            let connection = try await steward.connect()
            for (service, name) in names {
                try await eventually("the health of \(service) is known") {
                    let state = try await connection.health.checkHealth(CheckHealthRequest(service: name)).state
                    return (state == .serving) == (service != away)
                }
            }
            #expect(try await connection.health.checkHealth(CheckHealthRequest()).state == .serving)
            let sessions = try await connection.health.checkHealth(
                CheckHealthRequest(service: "steward.rpc.v1.SessionService"))
            #expect((sessions.state == .serving) == (away != .identity))
            await connection.close()
        }
    }
}

/// Listens on a port and never says a word.
private final class BlackHole {
    private let descriptor: Int32

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 16) == 0 else { throw TestStewardError("port \(port) cannot be taken") }
    }

    func close() { Foundation.close(descriptor) }
}
