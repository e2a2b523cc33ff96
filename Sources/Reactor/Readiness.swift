import CLinux

/// What a watch waits for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, a connection to accept, or the end of the peer's stream.
    package static let read = Interest(rawValue: EPOLLIN.rawValue)
    /// Room in the send buffer, or the end of a connection attempt.
    package static let write = Interest(rawValue: EPOLLOUT.rawValue)
}

/// What the kernel says about a descriptor. `error` and `hangUp` come whether asked for or not, and come
/// again in every turn until the watch is cancelled.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = Readiness(rawValue: EPOLLIN.rawValue)
    package static let write = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The descriptor has a pending error (`SO_ERROR`).
    package static let error = Readiness(rawValue: EPOLLERR.rawValue)
    /// Both directions are closed, or the peer reset the connection.
    package static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
}
