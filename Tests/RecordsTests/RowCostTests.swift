import CustomerContracts
import Logging
import RPC
import Reactor
import Testing
import Wire

@testable import Records

/// The exact prices of records; what a call takes in time is added to them (TimeChargeTests).
@Suite struct RowCostTests {
    private func cost(_ method: MethodDefinition, _ prices: RowCost, _ count: Int, bytes: Int = 0) -> UInt32 {
        let context = CallContext(
            method: method, deadline: .never, trace: .make(),
            connection: ConnectionContext(peer: .client(address: "test"), logger: Logger(label: "test")),
            arena: Arena(), startNanoseconds: 0)
        prices.charge(count, bytes: bytes, to: context)
        return context.cost
    }

    @Test(arguments: [(1, 32), (64, 32), (65, 33), (66, 33), (67, 34), (121, 61), (1_000, 500)] as [(Int, UInt32)])
    func writingMany(_ count: Int, _ units: UInt32) {
        #expect(cost(AccountServiceMethods.batchCreateAccounts, BatchCreateMethod.rowCost, count) == units)
        let methods = AccountServiceMethods.self
        for method in [methods.batchUpdateAccounts, methods.batchDeleteAccounts, methods.batchRestoreAccounts] {
            #expect(cost(method, BatchChangeMethod.rowCost, count) == units)
        }
    }

    @Test(arguments: [(1, 8), (50, 8), (51, 9), (66, 9), (67, 10), (1_000, 68)] as [(Int, UInt32)])
    func gettingMany(_ count: Int, _ units: UInt32) {
        #expect(cost(AccountServiceMethods.batchGetAccounts, BatchGetMethod.rowCost, count) == units)
    }

    @Test(arguments: [(0, 4), (50, 4), (51, 5), (121, 9), (1_000, 64)] as [(Int, UInt32)])
    func listing(_ count: Int, _ units: UInt32) {
        #expect(cost(AccountServiceMethods.listAccounts, ListMethod.rowCost, count) == units)
    }

    @Test(arguments: [(65_535, 4), (65_536, 5), (3 << 20, 52)] as [(Int, UInt32)])
    func longAnswers(_ bytes: Int, _ units: UInt32) {
        #expect(cost(AccountServiceMethods.listAccounts, ListMethod.rowCost, 50, bytes: bytes) == units)
    }
}
