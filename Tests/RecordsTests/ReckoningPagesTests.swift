import RPC
import Tenancy
import Testing

@testable import Records

/// How many records are reckoned together.
@Suite struct ReckoningPagesTests {
    private func size(
        _ pages: ReckoningPages, _ tenant: TenantID, _ object: String = "account", failing error: RPCError? = nil
    ) async -> Int {
        var size = 0
        _ = try? await pages.fitting(tenant, object) { count in
            size = count
            if let error { throw error }
            return .advanced
        }
        return size
    }

    @Test func whatTakesTooLongIsTriedWithFewer() async {
        let (pages, tenant) = (ReckoningPages(), TenantID(.make()))
        let late = RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", "late")
        var sizes: [Int] = []
        for _ in 0..<9 { sizes.append(await size(pages, tenant, failing: late)) }
        #expect(sizes == [200, 100, 50, 25, 12, 6, 3, 1, 1])
        // Others are not concerned.
        let others = [await size(pages, tenant, "deal"), await size(pages, TenantID(.make()))]
        #expect(others == [200, 200])
        sizes = []
        for _ in 0..<9 { sizes.append(await size(pages, tenant)) }
        #expect(sizes == [1, 2, 4, 8, 16, 32, 64, 128, 200])
    }

    @Test func otherRefusalsChangeNothing() async {
        let (pages, tenant) = (ReckoningPages(), TenantID(.make()))
        let away = RPCError.unavailable("DATABASE_UNAVAILABLE", "away")
        for _ in 0..<3 {
            let size = await size(pages, tenant, failing: away)
            #expect(size == 200)
        }
    }
}
