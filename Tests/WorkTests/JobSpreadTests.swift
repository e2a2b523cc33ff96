import Contracts
import RPC
import Tenancy
import Testing

@testable import Work

/// Workspaces with the same schedule do not all begin at once.
@Suite struct JobSpreadTests {
    @Test func eachWorkspaceHasAPlaceOfItsOwn() {
        let definition = Housekeeping.job(JobServiceOf(package: "steward.customer.v1"))
        let moment = Timestamp(seconds: 1_000_000)
        let tenants = (0..<1_000).map { _ in TenantID(.make()) }
        let delays = tenants.map { definition.run(at: moment, in: $0).dueAt.microseconds - moment.microseconds }
        let spread = definition.spread.components.seconds * 1_000_000
        #expect(delays.allSatisfy { $0 >= 0 && $0 < spread })
        let quarters = Dictionary(grouping: delays) { $0 * 4 / spread }
        #expect(quarters.count == 4 && quarters.values.allSatisfy { $0.count > 150 })
        #expect(definition.run(at: moment, in: tenants[0]).dueAt == definition.run(at: moment, in: tenants[0]).dueAt)
        #expect(definition.run(at: moment, in: tenants[0]).scheduledAt == moment)
    }
}
