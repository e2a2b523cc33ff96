/// How flow control counts: payload bytes, but never less than 64 for a payload, so that empty messages are not free.
package enum PayloadCost {
    /// What the bookkeeping of one queued message takes.
    package static let bytesMin = 64

    /// The cost of a payload of so many bytes.
    package static func of(_ bytes: Int) -> Int { max(bytes, bytesMin) }
}

/// The sending side of a credit: what may still be sent. A payload may be sent while anything is left; the last one may
/// overdraw, so that no sender has to cut messages to fit.
package struct CreditWindow: Sendable, Hashable {
    private var initial: Int?
    private var granted = 0
    private var spent = 0

    /// - Parameter initial: what the peer's hello gives; nil: the peer does not count.
    package init(initial: UInt32?) {
        self.initial = initial.map { Int($0) }
    }

    /// A payload may be sent now.
    package var isOpen: Bool { initial.map { $0 + granted > spent } ?? true }

    /// A payload may be sent after so much more is spent.
    package func isOpen(after cost: Int) -> Bool { initial.map { $0 + granted > spent + cost } ?? true }

    /// Takes note of a payload sent.
    package mutating func spend(_ cost: Int) { spent += cost }

    /// The peer grants more. False when the grants add up to more than a peer can mean: a protocol error.
    package mutating func grant(_ credit: UInt32) -> Bool {
        granted += Int(credit)
        return granted - spent <= Self.outstandingMax
    }

    /// The peer's hello has come, after something was sent on the assumed credit.
    package mutating func replaceInitial(_ initial: UInt32?) { self.initial = initial.map { Int($0) } }

    /// Grants beyond this are a mistake of the peer: 64 GiB never wait anywhere.
    private static let outstandingMax = 1 << 36
}

/// The receiving side of a credit: what was granted, what came, and when to grant more.
package struct CreditMeter: Sendable, Hashable {
    private let window: Int
    private var allowance: Int
    private var owed = 0

    /// - Parameter window: what this side's hello gave.
    package init(window: UInt32) {
        self.window = Int(window)
        allowance = Int(window)
    }

    /// Takes note of a payload. False when the sender had no credit left: a protocol error.
    package mutating func receive(_ cost: Int) -> Bool {
        guard allowance > 0 else { return false }
        allowance -= cost
        return true
    }

    /// The receiver is done with so much. Gives the credit to grant now, 0 as long as it is not worth a frame: less than half
    /// the window.
    package mutating func release(_ cost: Int) -> UInt32 {
        owed += cost
        guard owed * 2 >= window else { return 0 }
        let grant = min(owed, Int(UInt32.max))
        owed -= grant
        allowance += grant
        return UInt32(grant)
    }
}
