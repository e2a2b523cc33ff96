import Tenancy
import Testing

@testable import Records

/// The budget that the exports of a workspace have of their own.
@Suite struct ExportTurnsTests {
    private static let second: UInt64 = 1_000_000_000
    private let turns = ExportTurns()

    private func begin() throws -> TenantID {
        let tenant = TenantID(.make())
        try turns.begin(TenantActor(tenant, purpose: Purpose("test"), onBehalfOf: nil), now: 0)
        return tenant
    }

    /// At full speed until it is used up, then as fast as units come back, and nobody else waits.
    @Test func anExportGoesSlowerWhenItsBudgetIsUsedUp() throws {
        let (tenant, other) = (try begin(), try begin())
        turns.charge(UInt32(ExportTurns.unitsBurst), to: tenant, now: 0)
        #expect(turns.wait(of: tenant, now: 0) == 0)
        turns.charge(UInt32(ExportTurns.unitsPerSecond), to: tenant, now: 0)
        #expect(turns.wait(of: tenant, now: 0) == Self.second)
        #expect(turns.wait(of: tenant, now: Self.second) == 0)
        #expect(turns.wait(of: other, now: 0) == 0)
    }

    /// Ending an export and beginning another one gives nothing back.
    @Test func whatWasUsedIsOwedByTheNextExport() throws {
        let tenant = TenantID(.make())
        let actor = TenantActor(tenant, purpose: Purpose("test"), onBehalfOf: nil)
        try turns.begin(actor, now: 0)
        turns.charge(UInt32(ExportTurns.unitsBurst + ExportTurns.unitsPerSecond), to: tenant, now: 0)
        turns.end(actor, now: 0)
        try turns.begin(actor, now: 0)
        #expect(turns.wait(of: tenant, now: 0) == Self.second)
    }
}
