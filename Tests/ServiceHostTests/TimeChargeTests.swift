import CustomerContracts
import RPC
import Tenancy
import Testing

@testable import ServiceHost

/// What calls cost for the time that they took.
@Suite struct TimeChargeTests {
    private static let millisecond: UInt64 = 1_000_000
    private let charge = TimeCharge()
    private let done = CallOutcome(error: nil, durationNanoseconds: 0)

    private func list(
        scanning milliseconds: UInt64, peer: Peer = .program(.gateway), tenant: TenantID = Sample.tenant
    ) -> CallContext {
        let context = Sample.context(
            AccountServiceMethods.listAccounts, peer: peer, caller: Sample.caller(tenant: tenant))
        context.usedDatabase("default", from: 0, to: milliseconds * Self.millisecond, isScan: true, error: nil)
        return context
    }

    private func cost(_ context: CallContext) -> UInt32 {
        charge.finish(context, done)
        return context.cost
    }

    /// Each of the four units of a list includes a millisecond; from there on a unit is a tenth of one.
    @Test(arguments: [(1, 4), (4, 4), (5, 14), (104, 1_004), (5_000, 49_964)] as [(UInt64, UInt32)])
    func aScanCostsItsTime(_ milliseconds: UInt64, _ units: UInt32) {
        #expect(cost(list(scanning: milliseconds)) == units)
    }

    /// Its time is bounded, and much of it is waiting: for a lock, for the disk.
    @Test func whatIsNoScanCostsNoTime() {
        let context = Sample.context(caller: Sample.caller())
        context.usedDatabase("default", from: 0, to: 5_000 * Self.millisecond, isScan: false, error: nil)
        #expect(cost(context) == AccountServiceMethods.getAccount.cost)
    }

    /// A call pays for the loop as it does for the database, beyond 0.2 ms for each of its units, refused or not.
    @Test(arguments: [(0, 1), (200, 1), (300, 2), (30_200, 301)] as [(UInt64, UInt32)])
    func whatRunsOnTheLoopCostsItsTime(_ microseconds: UInt64, _ units: UInt32) {
        for error in [nil, RPCError.invalidArgument("ORDER_INVALID", "")] {
            let context = Sample.context(caller: Sample.caller())
            context.loopNanoseconds = microseconds * 1_000
            charge.finish(context, CallOutcome(error: error, durationNanoseconds: 0))
            #expect(context.cost == units)
        }
    }

    /// A list of four units includes 4 ms of the database and 0.8 ms of the loop.
    @Test func bothTimesAddUp() {
        let context = list(scanning: 5)
        context.loopNanoseconds = Self.millisecond
        #expect(cost(context) == 4 + 10 + 2)
    }

    /// An export pays for its records from a budget of its own; what it does beside that is charged as ever.
    @Test(arguments: [(1_000, 4), (100, 4 + 3_960)] as [(UInt32, UInt32)])
    func whatAnotherBudgetPaidForIsIncluded(_ paid: UInt32, _ units: UInt32) {
        let context = list(scanning: 500)
        context.ownBudgetCost = paid
        #expect(cost(context) == units)
    }

    /// Calling and giving up costs what waiting for the answer would have cost, and is told with the next one.
    @Test func whoGivesUpOwes() {
        let given = list(scanning: 104)
        given.cancel()
        #expect(cost(given) == 4)
        let other = TenantID(RecordID.make())
        #expect(cost(list(scanning: 1, tenant: other)) == 4)
        #expect(cost(list(scanning: 1)) == 1_004)
        #expect(cost(list(scanning: 1)) == 4)
    }

    /// Another program calls for the workspace, and tells nobody what it cost.
    @Test func whatProgramsAskForIsOwedToo() {
        _ = cost(list(scanning: 104, peer: .program(.sales)))
        #expect(cost(list(scanning: 1)) == 1_004)
    }
}
