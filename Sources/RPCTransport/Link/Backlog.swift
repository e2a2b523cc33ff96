/// What waits in the calls of a loop until their other sides grant credit, over all connections.
// SAFETY: confined to its loop.
final class Backlog: @unchecked Sendable {
    private let bytesMax: Int
    @exclusivity(unchecked) private(set) var bytes = 0
    /// Called when there is more than may be, in the midst of queueing.
    var onExcess: (() -> Void)?

    init(bytesMax: Int = .max) {
        self.bytesMax = bytesMax
    }

    var isTooMuch: Bool { bytes > bytesMax }

    func change(by delta: Int) {
        bytes += delta
        if delta > 0, isTooMuch { onExcess?() }
    }
}
