package import Logging
import Observability
package import Tenancy
package import Wire

/// What is known about a call while it is served. Lives on the event loop of its connection, as the call's task does.
// SAFETY: confined to one call, whose task and frames run on one loop; nothing else keeps a reference.
package final class CallContext: @unchecked Sendable {
    /// The method called.
    package let method: MethodDefinition
    /// Until when the caller waits.
    package let deadline: Deadline
    /// The caller's id for retries, as sent.
    package let requestID: String?
    /// The caller's free metadata.
    package let metadata: Metadata
    /// The trace that this call belongs to; `spanID` is the span of this call.
    package let trace: TraceContext
    /// The connection that the call came on.
    package let connection: ConnectionContext
    /// Proof of who calls, as carried.
    package let callerToken: CallerTokenBytes?
    /// Who calls, once the authenticating interceptor has verified the token.
    package var caller: Caller?
    /// Memory for this call's messages; freed in one step when the call ends.
    package let arena: Arena
    /// Metadata of the answer; sent with the first payload.
    package var responseHeader = Metadata()
    /// What the call cost; sent with the status.
    package var responseBudget: Budget?
    /// When the call came in, monotonic nanoseconds.
    package let startNanoseconds: UInt64

    private let baseLogger: Logger
    private var madeLogger: Logger?
    private var cancelActions: [@Sendable () -> Void] = []
    /// The caller no longer wants the answer: it cancelled, its deadline passed or its connection is gone.
    package private(set) var isCancelled = false

    package init(
        method: MethodDefinition, deadline: Deadline, requestID: String? = nil,
        metadata: Metadata = Metadata(),
        trace: TraceContext, connection: ConnectionContext, callerToken: CallerTokenBytes? = nil,
        arena: Arena,
        logger: Logger, startNanoseconds: UInt64
    ) {
        self.method = method
        self.deadline = deadline
        self.requestID = requestID
        self.metadata = metadata
        self.trace = trace
        self.connection = connection
        self.callerToken = callerToken
        self.arena = arena
        self.baseLogger = logger
        self.startNanoseconds = startNanoseconds
    }

    /// Who is at the other end of the connection.
    package var peer: Peer { connection.peer }

    /// From which level on `logger` logs; asking costs nothing.
    package var logLevel: Logger.Level { baseLogger.logLevel }

    /// A logger that names the call. Made on first use, since most calls log nothing.
    package var logger: Logger {
        if let madeLogger { return madeLogger }
        var logger = baseLogger
        logger[metadataKey: LogKey.method] = "\(method.path)"
        logger[metadataKey: LogKey.traceID] = "\(trace.traceIDText)"
        if let requestID { logger[metadataKey: LogKey.requestID] = "\(requestID)" }
        madeLogger = logger
        return logger
    }

    /// Runs the action when the caller gives up, at once if it already has. Must be called on the call's loop.
    package func onCancel(_ action: @escaping @Sendable () -> Void) {
        if isCancelled { action() } else { cancelActions.append(action) }
    }

    /// For the transport: the caller has given up.
    package func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        let actions = cancelActions
        cancelActions = []
        for action in actions { action() }
    }
}

extension CallContext {
    /// The caller; UNAUTHENTICATED with SESSION_REQUIRED when nobody is signed in.
    package func requireCaller() throws -> Caller {
        guard let caller else {
            throw RPCError.unauthenticated(
                "SESSION_REQUIRED",
                "This method needs a session: sign in, then attach the session to the connection.")
        }
        return caller
    }

    /// The caller, who must be a user of a tenant; PERMISSION_DENIED with TENANT_USER_REQUIRED for an operator.
    package func requireTenantCaller() throws -> Caller {
        let caller = try requireCaller()
        guard caller.kind == .user, caller.tenantID != nil else {
            throw RPCError.permissionDenied(
                "TENANT_USER_REQUIRED", "This method works inside a workspace: sign in as a user of one.")
        }
        return caller
    }

    /// The caller, who must be an operator; PERMISSION_DENIED with OPERATOR_REQUIRED for anyone else.
    package func requireOperator() throws -> Caller {
        let caller = try requireCaller()
        guard caller.kind == .operator else {
            throw RPCError.permissionDenied("OPERATOR_REQUIRED", "This method is for operators only.")
        }
        return caller
    }
}
