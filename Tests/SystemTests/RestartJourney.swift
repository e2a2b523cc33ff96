import Contracts
import CustomerContracts
import Glibc
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Programs and PostgreSQL end in the middle of work, well or badly.
    @Suite(.serialized) struct RestartJourney {
        private func makeAccount(_ connection: StewardConnection) async throws -> String {
            try #require(
                try await connection.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "Customer"))
                ).record?.id)
        }

        @Test func nothingAcknowledgedIsLostAndNothingDoneTwice() async throws {
            let steward = try await TestSteward.start(ownCluster: true)
            let workspace = try await steward.makeWorkspace()
            let connections = [
                workspace.admin, try await workspace.connectAsAdmin(), try await workspace.connectAsAdmin(),
            ]
            let load = WriteLoad()
            await load.start(connections, accountID: try await makeAccount(workspace.admin))
            try await load.awaitProgress(after: "the start")
            for program in steward.programs {
                try await program.kill()
                // As systemd does. The others run on.
                try await program.start()
                try await load.awaitProgress(after: "kill -9 of \(program.name)")
            }
            try await steward.database.killServer()
            try await load.awaitFailures("while PostgreSQL is away")
            #expect(await load.failures["UNAVAILABLE DATABASE_UNAVAILABLE"] != nil)
            try steward.startPostgres()
            try await load.awaitProgress(after: "kill -9 of PostgreSQL")
            try steward.stopPostgres()
            try await load.awaitFailures("while PostgreSQL is away")
            try steward.startPostgres()
            try await load.awaitProgress(after: "a restart of PostgreSQL")
            try await load.stop()

            let failures = await load.failures
            #expect(await load.failureCodes == [.unavailable], "\(failures)")
            #expect(await load.contradictions.isEmpty)
            for kind in WriteLoad.Kind.allCases {
                let acknowledged = await load.acknowledged[kind] ?? [:]
                let stored = try await WriteLoad.stored(kind, workspace.admin)
                #expect(stored.count == acknowledged.count, "\(kind)")
                #expect(Dictionary(stored.map { ($0.name, $0.id) }) { first, _ in first } == acknowledged, "\(kind)")
                try await expectOneLedgerRow(for: kind, of: acknowledged.count, workspace)
            }
            for connection in connections { await connection.close() }
            try await steward.stop()
        }

        /// What was written was written to the ledger, once.
        private func expectOneLedgerRow(
            for kind: WriteLoad.Kind, of count: Int, _ workspace: TestWorkspace
        ) async throws {
            let service: ServiceName = kind == .account ? .customer : kind == .deal ? .sales : .identity
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
            let rows = try await workspace.steward.database.rows(
                """
                SELECT count(*)::text, count(DISTINCT record_id)::text FROM \(schema).ledger
                WHERE object = '\(kind.rawValue)' AND after->>'display_name' LIKE '\(kind.rawValue) %'
                """)
            #expect(rows.first == [String(count), String(count)], "\(kind)")
        }

        @Test(arguments: [
            (ServiceName.customer, WriteLoad.Kind.account), (.gateway, .account), (.sales, .deal),
            (.identity, .department),
        ])
        func aProgramThatIsToldToStopFinishesWhatItBegan(name: ServiceName, kind: WriteLoad.Kind) async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let program = steward.program(name)
            let accountID = try await makeAccount(workspace.admin)
            let record = Record()
            let connection = try await workspace.connectAsAdmin()
            let writers = (0..<8).map { writer in
                Task {
                    var number = 0
                    while await !record.isStopping {
                        let name = "\(kind.rawValue) \(writer)-\(number)"
                        number += 1
                        do {
                            _ = try await WriteLoad.create(kind, name, accountID, connection, CallOptions())
                            await record.done(name)
                        } catch let error as RPCError {
                            // Refused and not begun: it must not have had an effect.
                            await record.refused(name, error)
                            try await eventually("it is back") { program.page("/readyz")?.status == 200 }
                        }
                    }
                }
            }
            try await eventually("some are written") { await record.done.count > 40 }
            try await program.stop()
            try await program.start()
            let before = await record.done.count
            try await eventually("more are written") { await record.done.count > before + 20 }
            await record.stop()
            for writer in writers { try await writer.value }
            let reasons = await record.reasons
            #expect(await record.codes.isSubset(of: [.unavailable]), "\(reasons)")
            let stored = try await WriteLoad.stored(kind, workspace.admin).map(\.name)
            #expect(stored.count == Set(stored).count)
            #expect(Set(stored) == (await record.done), "\(reasons)")
            await connection.close()
            await workspace.close()
            try await steward.stop()
        }

        private actor Record {
            private(set) var isStopping = false
            private(set) var done: Set<String> = []
            private(set) var codes: Set<StatusCode> = []
            private(set) var reasons: Set<String> = []

            func done(_ name: String) { done.insert(name) }
            func refused(_ name: String, _ error: RPCError) {
                codes.insert(error.code)
                reasons.insert(error.description)
            }
            func stop() { isStopping = true }
        }

        @Test func withoutIdentityReadingGoesOnAndWritingStops() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let id = try await makeAccount(workspace.admin)
            try await steward.identity.kill()
            // Rights may be withdrawn unheard: soon nobody changes anything.
            try await eventually("writes are refused", within: .seconds(15)) {
                do {
                    _ = try await makeAccount(workspace.admin)
                    return false
                } catch let error as RPCError where error.reason == "POLICY_STALE" {
                    return error.code == .unavailable && error.retryDelay != nil
                }
            }
            // It serves what it can, and says what it cannot.
            let readiness = try #require(steward.customer.page("/readyz"))
            #expect(readiness.status == 200)
            #expect(readiness.body.contains("without writes: ") && readiness.body.contains("without peer identity: "))
            #expect(try await workspace.admin.accounts.getAccount(GetAccountRequest(id: id)).record?.id == id)
            try await steward.identity.start()
            try await eventually("writing works") {
                do {
                    _ = try await makeAccount(workspace.admin)
                    return true
                } catch let error as RPCError where error.code == .unavailable {
                    return false
                }
            }
            await workspace.close()
            try await steward.stop()
        }

        @Test func aRenewedCertificateIsTakenUpWithoutARestart() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let before = try await fingerprint(steward)
            for program in steward.programs {
                try steward.renewCertificate(of: program.name)
                program.send(SIGHUP)
            }
            try await eventually("new connections see the new certificate") {
                try await fingerprint(steward) != before
            }
            // The connection from before lives on, and so do those between the programs.
            let account = try await makeAccount(workspace.admin)
            _ = try await workspace.admin.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Desk", accountID: account)))
            let after = try await workspace.connectAsAdmin()
            #expect(try await after.deals.listDeals(ListDealsRequest()).records.count == 1)
            // A program that starts anew is let in with its new certificate.
            try await steward.sales.stop()
            try await steward.sales.start()
            try await eventually("sales is reached") {
                do {
                    return try await after.deals.listDeals(ListDealsRequest()).records.count == 1
                } catch let error as RPCError where error.code == .unavailable {
                    return false
                }
            }
            await after.close()
            await workspace.close()
            try await steward.stop()
        }

        private func fingerprint(_ steward: TestSteward) async throws -> [UInt8] {
            let raw = try await RawClient.connect(steward)
            let fingerprint = try #require(raw.serverFingerprint)
            await raw.close()
            return fingerprint
        }
    }
}
