package import Logging

/// What is known about a connection, what its calls have in common, and what a service ties to it. Lives on the connection's event loop.
// SAFETY: the mutable parts are confined to the loop of the connection, where all of its calls run.
package final class ConnectionContext: @unchecked Sendable {
    /// Number of the connection in this process, for logs.
    package let id: UInt64
    /// Who is at the other end.
    package let peer: Peer
    /// Address of the other end, for logs.
    package let remoteAddress: String
    /// Where its calls log.
    package let logger: Logger
    /// What this process does with traces.
    package let tracing: Tracing
    /// Program and version that the other side gave in its hello.
    package var agent = ""
    /// What a service keeps for the connection: the gateway its session.
    package var attachment: AnyObject?
    private var closeActions: [() -> Void] = []
    /// The connection is gone.
    package private(set) var isClosed = false

    package init(
        id: UInt64 = 0, peer: Peer, remoteAddress: String = "", logger: Logger = ConnectionContext.silent,
        tracing: Tracing = .off
    ) {
        self.id = id
        self.peer = peer
        self.remoteAddress = remoteAddress
        self.logger = logger
        self.tracing = tracing
    }

    /// Logs nothing.
    package static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }

    /// Runs the action when the connection is gone, at once if it already is. On the connection's loop.
    package func onClose(_ action: @escaping () -> Void) {
        if isClosed { action() } else { closeActions.append(action) }
    }

    /// For the transport: the connection is gone.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        let actions = closeActions
        closeActions = []
        for action in actions { action() }
        attachment = nil
    }
}
