import Contracts
import CustomerContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// One workspace asks for all that it can, in each of the forms that have been tried; what it may use at once is little here, so that it
    /// is soon too much. The other one is served as if it were alone.
    @Suite(.serialized) struct NeighbourLoadJourney {
        enum Form: CaseIterable {
            case manyConditions, oneCondition, cheapOrder, bigBatches, refusedCalls
        }

        /// Calls of the other one are made in rounds, until this much is too much for the greedy one.
        private static let roundsMax = 300

        @Test func whatOneWorkspaceAsksForIsRefusedToItAlone() async throws {
            let steward = try await TestSteward.start(settings: { program in
                program.name == .gateway ? ["limits: {tenantUnitsPerSecond: 100, tenantUnitsBurst: 1000}"] : []
            })
            let quiet = try await steward.makeWorkspace()
            let created = try await quiet.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Acme")))
            let id = try #require(created.record?.id)
            for form in Form.allCases {
                let greedy = try await steward.makeWorkspace()
                _ = try await greedy.admin.accounts.batchCreateAccounts(NeighbourLoad.batch(of: 200))
                let load = NeighbourLoad()
                let callers = (0..<8).map { _ in Task { await load.call(form, greedy.admin) } }
                try await eventually("calls of \(form) are under way") { await load.count > 4 }
                for _ in 0..<Self.roundsMax where await load.refusals.isEmpty {
                    let before = await load.count
                    for _ in 0..<10 {
                        let options = CallOptions(timeout: .seconds(2), retries: false)
                        let answer = try await quiet.admin.accounts.getAccount(
                            GetAccountRequest(id: id), options: options)
                        #expect(answer.record?.id == id)
                    }
                    try await eventually("\(form) goes on") { await load.count > before }
                }
                await load.stop()
                for caller in callers { await caller.value }
                #expect(await !load.refusals.isEmpty, "\(form) was never too much")
                for refused in await load.refusals {
                    #expect(refused.code == .resourceExhausted && refused.retryDelay != nil, "\(form): \(refused)")
                    #expect(["BUDGET_EXHAUSTED", "WORKSPACE_BUSY"].contains(refused.reason), "\(form): \(refused)")
                }
                await greedy.close()
            }
            await quiet.close()
            try await steward.stop()
        }
    }
}

/// Calls of one workspace without pause, which waits for no refusal.
private actor NeighbourLoad {
    private(set) var count = 0
    /// What was not served, as wrong calls are.
    private(set) var refusals: [RPCError] = []
    private var isStopping = false

    func stop() { isStopping = true }

    func call(_ form: SystemTests.NeighbourLoadJourney.Form, _ connection: StewardConnection) async {
        while !isStopping {
            do {
                try await Self.call(form, connection, CallOptions(timeout: .seconds(10), retries: false))
            } catch {
                if error.code != .invalidArgument { refusals.append(error) }
            }
            count += 1
        }
    }

    private static func call(
        _ form: SystemTests.NeighbourLoadJourney.Form, _ connection: StewardConnection, _ options: CallOptions
    ) async throws(RPCError) {
        let request =
            switch form {
            case .manyConditions:
                ListAccountsRequest(
                    filterExpression: (0..<64).map { "city ~ 'x\($0)'" }.joined(separator: " or "))
            case .oneCondition: ListAccountsRequest(filterExpression: "city ~ 'x'")
            case .cheapOrder: ListAccountsRequest(orderBy: ["display_name"], pageSize: 200)
            case .refusedCalls: ListAccountsRequest(filterExpression: "city ~~ 'x'")
            case .bigBatches: ListAccountsRequest()
            }
        if form == .bigBatches {
            _ = try await connection.accounts.batchCreateAccounts(batch(of: 200), options: options)
        } else {
            _ = try await connection.accounts.listAccounts(request, options: options)
        }
    }

    static func batch(of count: Int) -> BatchCreateAccountsRequest {
        BatchCreateAccountsRequest(records: (0..<count).map { Account(displayName: "Account \($0)", city: "Rom") })
    }
}
