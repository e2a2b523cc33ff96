import Wire

/// Memory that the connections of a listener hold because what they sent is not complete: frames that were begun and never
/// ended. Each of them is within its limits; together they could be thousands. When they hold too much, the one that
/// began first is given up: an honest sender is done soon. Confined to the loop.
final class HeldInput {
    /// Buffers up to this are not counted: every connection may have one.
    static let freeBytes = 64 * 1024

    private let bytesMax: Int
    private var bytes = 0
    private var holders: [ObjectIdentifier: TLSConnection] = [:]
    private var sequence: UInt64 = 0

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// The connection holds more or less than before. Costs nothing for those with small buffers.
    @inline(__always)
    func update(_ connection: TLSConnection) {
        let held = connection.input.capacity
        guard held > Self.freeBytes || connection.heldInputBytes > 0 else { return }
        count(connection, held > Self.freeBytes ? held : 0)
    }

    /// The connection is closed.
    func forget(_ connection: TLSConnection) {
        if connection.heldInputBytes > 0 { count(connection, 0) }
    }

    private func count(_ connection: TLSConnection, _ held: Int) {
        bytes += held - connection.heldInputBytes
        let began = connection.heldInputBytes == 0
        connection.heldInputBytes = held
        guard held > 0 else {
            holders[ObjectIdentifier(connection)] = nil
            return
        }
        if began {
            sequence += 1
            connection.heldInputSequence = sequence
            holders[ObjectIdentifier(connection)] = connection
        }
        while bytes > bytesMax, let oldest = holders.values.min(by: { $0.heldInputSequence < $1.heldInputSequence }) {
            oldest.finish(
                TLSError(
                    .inputOverflow,
                    "\(oldest.remoteAddress) was slowest to complete what it began, when all unfinished input came to "
                        + "more than \(bytesMax) bytes"))
        }
    }
}
