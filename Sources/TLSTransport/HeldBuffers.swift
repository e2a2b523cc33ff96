import Wire

/// Memory that the connections of a listener hold in buffers which should be empty soon: input that lacks its end, output that nobody
/// reads. Each of them is within its limits; together they could be thousands. When they hold too much, the one is given up that began
/// first: who is honest is done soon, or at least gets on. Confined to the loop.
final class HeldBuffers {
    enum Kind { case input, output }

    /// What a connection has of it.
    struct Share {
        var bytes = 0
        /// When it began to have any, relative to others.
        var sequence: UInt64 = 0
    }

    /// Buffers up to this are not counted: every connection may have one.
    static let freeBytes = 64 * 1024

    private let kind: Kind
    private let bytesMax: Int
    private var bytes = 0
    private var holders: [ObjectIdentifier: TLSConnection] = [:]
    private var sequence: UInt64 = 0

    init(_ kind: Kind, bytesMax: Int) {
        self.kind = kind
        self.bytesMax = bytesMax
    }

    /// The connection holds more or less than before. Costs nothing for those with small buffers.
    /// - Parameter isServed: it got on, and begins anew.
    @inline(__always)
    func update(_ connection: TLSConnection, isServed: Bool = false) {
        let held = kind == .input ? connection.input.capacity : connection.output.capacity
        guard held > Self.freeBytes || share(connection).bytes > 0 else { return }
        count(connection, held > Self.freeBytes ? held : 0, isServed: isServed)
    }

    /// The connection is closed.
    func forget(_ connection: TLSConnection) {
        if share(connection).bytes > 0 { count(connection, 0, isServed: false) }
    }

    private func share(_ connection: TLSConnection) -> Share {
        kind == .input ? connection.heldInput : connection.heldOutput
    }

    private func count(_ connection: TLSConnection, _ held: Int, isServed: Bool) {
        var share = share(connection)
        bytes += held - share.bytes
        if held == 0 {
            holders[ObjectIdentifier(connection)] = nil
        } else if share.bytes == 0 || isServed {
            sequence += 1
            share.sequence = sequence
            holders[ObjectIdentifier(connection)] = connection
        }
        share.bytes = held
        if kind == .input { connection.heldInput = share } else { connection.heldOutput = share }
        while bytes > bytesMax,
            let oldest = holders.values.min(by: { self.share($0).sequence < self.share($1).sequence })
        {
            oldest.finish(excess(of: oldest))
        }
    }

    private func excess(of connection: TLSConnection) -> TLSError {
        switch kind {
        case .input:
            TLSError(
                .inputOverflow,
                "\(connection.remoteAddress) was slowest to complete what it began, when all unfinished input came to more than \(bytesMax) bytes"
            )
        case .output:
            TLSError(
                .outputOverflow,
                "\(connection.remoteAddress) was slowest to read what it asked for, when all that waited came to more than \(bytesMax) bytes"
            )
        }
    }
}
