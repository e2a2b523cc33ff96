import Contracts
import CustomerContracts
import Foundation
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// What the programs tell of themselves: to anybody, to operators, to nobody else.
    @Suite(.serialized) struct ServerJourney {
        @Test func anybodyLearnsTheProtocolAndOperatorsMore() async throws {
            let steward = try await TestSteward.shared()
            let stranger = try await steward.connect()
            let info = try await stranger.server.getServerInfo(GetServerInfoRequest())
            #expect(info.program == "gateway" && info.version == "0.1.0")
            #expect(info.protocolVersionMin == 1 && info.protocolVersionMax == 1)
            #expect(info.limits?.frameBytesMax == 1 << 20 && info.limits?.callsMax == 256)
            #expect(info.features.contains("reflection"))
            #expect(info.startTimeMs == nil)
            let named = await #expect(throws: RPCError.self) {
                _ = try await stranger.server.getServerInfo(GetServerInfoRequest(program: "customer"))
            }
            #expect(named?.reason == "SESSION_REQUIRED")
            await stranger.close()

            let olga = try await steward.connectAsOperator()
            let whole = try await olga.server.getServerInfo(GetServerInfoRequest())
            #expect((whole.startTimeMs ?? .max) <= (whole.timeMs ?? 0))
            for program in ["identity", "customer", "sales"] {
                let info = try await olga.server.getServerInfo(GetServerInfoRequest(program: program))
                #expect(info.program == program && info.startTimeMs != nil)
            }
            let unknown = await #expect(throws: RPCError.self) {
                _ = try await olga.server.getServerInfo(GetServerInfoRequest(program: "billing"))
            }
            #expect(unknown?.reason == "PROGRAM_UNKNOWN" && unknown?.code == .invalidArgument)
            await olga.close()
        }

        @Test func statisticsAreForOperatorsAndCountWhatWasDone() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let refused = await #expect(throws: RPCError.self) {
                _ = try await workspace.admin.server.getStatistics(GetStatisticsRequest(program: "billing"))
            }
            // Who may not ask does not learn which programs there are either.
            #expect(refused?.reason == "OPERATOR_REQUIRED")
            let olga = try await steward.connectAsOperator()
            let path = "steward.customer.v1.AccountService/ListAccounts"
            func counts(_ program: String?) async throws -> MethodStatistics {
                let statistics = try await olga.server.getStatistics(GetStatisticsRequest(program: program))
                return statistics.methods.first { $0.method == path } ?? MethodStatistics(method: path, count: 0)
            }
            let before = (gateway: try await counts(nil).count ?? 0, customer: try await counts("customer").count ?? 0)
            for _ in 0..<5 { _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest()) }
            let front = try await counts("gateway")
            let back = try await counts("customer")
            #expect(front.forwarded == true && front.count == before.gateway + 5)
            #expect(back.forwarded != true && back.count == before.customer + 5)
            let latency = try #require(front.latency)
            #expect((latency.p50Us ?? .infinity) <= (latency.p99Us ?? 0))
            #expect((latency.p99Us ?? .infinity) <= (latency.maxUs ?? 0) * 1.01)
            let gateway = try await olga.server.getStatistics(GetStatisticsRequest())
            let connections = try #require(gateway.connections)
            #expect((connections.open ?? 0) >= 2 && (connections.accepted ?? 0) >= (connections.open ?? .max))
            #expect(gateway.peers.map(\.program) == ["customer", "identity", "sales"])
            #expect(gateway.peers.allSatisfy { ($0.connections ?? 0) > 0 && ($0.traffic?.framesSent ?? 0) > 0 })
            #expect(gateway.peers.allSatisfy { $0.retries != nil && $0.hedges != nil && $0.retriesRefused != nil })
            let counters = try #require(steward.gateway.page("/metrics")).body
            #expect(counters.contains("steward_rpc_client_retries_total{service=\"sales\"}"))
            #expect((gateway.traffic?.bytesReceived ?? 0) > 0)
            // The call that asks is under way itself.
            #expect((gateway.callsOpen ?? 0) >= 1)
            let text = "\(gateway)"
            #expect(!text.contains(workspace.name) && !text.contains("\(workspace.tenantID)"))
            await olga.close()
            await workspace.close()
        }

        @Test func healthIsThatOfEachService() async throws {
            let steward = try await TestSteward.start()
            let client = try await steward.connect()
            func state(_ service: String?) async throws -> HealthState? {
                try await client.health.checkHealth(CheckHealthRequest(service: service)).state
            }
            let deals = "steward.sales.v1.DealService"
            let accounts = "steward.customer.v1.AccountService"
            for service in [deals, accounts, "steward.identity.v1.UserService", "steward.rpc.v1.SessionService"] {
                try await eventually("\(service) is known to serve") { try await state(service) == .serving }
            }
            let watch = try await client.health.watchHealth(WatchHealthRequest(service: deals))
            #expect(try await watch.next()?.state == .serving)
            try await steward.sales.kill()
            #expect(try await watch.next()?.state == .notServing)
            // The services of the others go on, and so do those that need nothing but the gateway.
            #expect(try await state(accounts) == .serving)
            #expect(try await state("steward.rpc.v1.HealthService") == .serving)
            try await steward.sales.start()
            #expect(try await watch.next()?.state == .serving)
            let unknown = await #expect(throws: RPCError.self) { _ = try await state("a.b.C") }
            #expect(unknown?.reason == "SERVICE_UNKNOWN")
            // A gateway that leaves ends the watch, and says why.
            steward.gateway.send(SIGTERM)
            let end = await #expect(throws: RPCError.self) { while try await watch.next() != nil {} }
            #expect(end?.reason == "DRAINING" || end?.reason == "NOT_BEGUN")
            _ = try await steward.gateway.awaitEnding()
            await client.close()
            try await steward.stop()
        }

        @Test func theCommandLineShowsIt() async throws {
            let steward = try await TestSteward.shared()
            let tool = try CommandLineTool(steward)
            let info = try await tool.run("server", "info")
            #expect(
                info.code == 0 && info.output.contains("gateway") && info.output.contains("1 MiB"), "\(info.errors)")
            let described = try await tool.run("describe", "AccountService/GetAccount")
            #expect(described.output.contains("costs 1 unit or more"), "\(described.errors)")
            let health = try await tool.run("server", "health")
            #expect(health.code == 0 && health.output.contains("steward.sales.v1.DealService"), "\(health.errors)")
            #expect(!health.output.contains("NOT_SERVING"))
            let early = try await tool.run("server", "stats")
            #expect(early.code == 1 && early.errors.contains("steward login"))
            let login = try await tool.run(
                "login", "--operator", "--email", TestSteward.operatorEmail, "--password-file", "-",
                input: TestSteward.password + "\n")
            #expect(login.code == 0, "\(login.errors)")
            let stats = try await tool.run("server", "stats", "--program", "identity")
            #expect(stats.code == 0 && stats.output.contains("identity 0.1.0"), "\(stats.errors)")
            #expect(stats.output.contains("AuthenticationService/SignInOperator"))
            #expect(
                stats.output.contains(/database +[1-9]\d* connections, \d+ in use, 0 calls waiting/), "\(stats.output)")
            let peers = try await tool.run("server", "stats")
            #expect(!peers.output.contains("database "), "\(peers.output)")
            #expect(peers.output.contains("RETRIES") && peers.output.contains("HEDGES"), "\(peers.errors)")
            let json = try await tool.run("server", "stats", "--output", "json")
            let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
            #expect(object?["program"] as? String == "gateway")
            let unknown = try await tool.run("server", "info", "--program", "billing")
            #expect(unknown.code == 1 && unknown.errors.contains("PROGRAM_UNKNOWN"))
        }

        @Test func theCommandLineCallsStreamsToo() async throws {
            let steward = try await TestSteward.shared()
            let tool = try CommandLineTool(steward)
            // The stream has no end; the deadline ends it after the first state.
            let watch = try await tool.run("call", "HealthService/WatchHealth", "--timeout", "2")
            #expect(watch.output.contains("SERVING"), "\(watch.errors)")
            #expect(watch.code == 1 && watch.errors.contains("DEADLINE_EXCEEDED"))
            let near = try await tool.run("call", "HealthService/WatchHelth")
            #expect(near.code == 1 && near.errors.contains("did you mean HealthService/WatchHealth?"))
        }
    }
}
