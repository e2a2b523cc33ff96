import Synchronization
import Tenancy
import Testing

@testable import Records

/// What is made of events for all who watch is kept within bounds.
@Suite struct WatchBatchTests {
    private func cursor() throws -> FeedCursor {
        FeedCursor(
            tenantID: TenantID(.make()), service: .customer, epoch: 1, timeline: nil, seen: .nothing, floor: 0)
    }

    @Test func whatIsMadeOnceServesAllOfAView() async throws {
        let batch = WatchBatch([], cursor: try cursor())
        let count = Mutex(0)
        for _ in 0..<3 {
            let made = try await batch.responses(for: [1]) {
                count.withLock { $0 += 1 }
                return [[1, 2, 3]]
            }
            #expect(made == [[1, 2, 3]])
        }
        #expect(count.withLock { $0 } == 1 && batch.bytes == 3)
    }

    @Test func whatIsTooMuchIsMadeByEachAndNotKept() async throws {
        let batch = WatchBatch([], cursor: try cursor())
        let count = Mutex(0)
        let long = [UInt8](repeating: 7, count: 5 << 20)
        for view in [1, 2, 2] as [UInt8] {
            let made = try await batch.responses(for: [view]) {
                count.withLock { $0 += 1 }
                return [long]
            }
            #expect(made == [long])
        }
        #expect(count.withLock { $0 } == 3 && batch.bytes == long.count)
    }
}
