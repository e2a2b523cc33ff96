import Synchronization

/// Whether queued work may still begin: of cancelling and beginning only the first counts.
final class WorkTicket: Sendable {
    private let isTaken = Atomic<Bool>(false)
    private let isCancelled = Atomic<Bool>(false)

    func begin() -> Bool {
        !isTaken.exchange(true, ordering: .acquiringAndReleasing) && !isCancelled.load(ordering: .acquiring)
    }

    func cancel() {
        isCancelled.store(true, ordering: .releasing)
    }
}
