package import Logging
import Observability
import Synchronization
package import Tenancy
package import Wire

/// What is known about a call while it is served. Lives on the event loop of its connection, as the call's task does.
// SAFETY: confined to one call, whose task and frames run on one loop; nothing else keeps a reference.
package final class CallContext: @unchecked Sendable {
    /// The method called.
    package let method: MethodDefinition
    /// Its place in the router's methods.
    package let methodNumber: Int
    /// Until when the caller waits.
    package let deadline: Deadline
    /// The caller's id for retries, as sent.
    package let requestID: String?
    /// The caller's free metadata.
    package let metadata: Metadata
    /// The trace that this call belongs to; `spanID` is the span of this call.
    package let trace: TraceContext
    /// The version of the workspace's rights that the answer must heed at least; 0 when the caller does not say.
    package let minEpoch: Int64
    /// W3C tracestate, as sent; it goes along with calls made on behalf of this one.
    package let traceState: String?
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
    /// What the call costs, in units; a method whose work depends on the request says so here. The gateway charges the caller.
    @exclusivity(unchecked) package var cost: UInt32
    /// Units that a budget of the service itself was charged with: whoever charges for the time of the call includes what they pay for.
    @exclusivity(unchecked) package var ownBudgetCost: UInt32 = 0
    /// When the call came in, monotonic nanoseconds.
    package let startNanoseconds: UInt64
    /// When its code began to run, monotonic nanoseconds; 0 before. For the transport to set.
    package var handlerNanoseconds: UInt64 = 0
    /// How long its code ran on the loop, until it ended; what it waited for is not in it. For the transport to set; 0 where work is not
    /// accounted for.
    package var loopNanoseconds: UInt64 = 0
    // Atomic, since work that the call began may go on elsewhere.
    let poolNanoseconds = Atomic<UInt64>(0)
    let databaseNanoseconds = Atomic<UInt64>(0)
    let scannedNanoseconds = Atomic<UInt64>(0)

    private var madeLogger: Logger?
    private var cancelActions: [@Sendable () -> Void] = []
    /// The caller no longer wants the answer: it cancelled, its deadline passed or its connection is gone.
    @exclusivity(unchecked) package private(set) var isCancelled = false

    package init(
        method: MethodDefinition, methodNumber: Int = 0, deadline: Deadline, requestID: String? = nil,
        metadata: Metadata = Metadata(),
        trace: TraceContext, traceState: String? = nil, minEpoch: UInt64 = 0,
        connection: ConnectionContext, callerToken: CallerTokenBytes? = nil, arena: Arena,
        startNanoseconds: UInt64
    ) {
        self.method = method
        self.methodNumber = methodNumber
        self.deadline = deadline
        self.requestID = requestID
        self.metadata = metadata
        self.trace = trace
        self.minEpoch = Int64(clamping: minEpoch)
        self.traceState = traceState
        self.connection = connection
        self.callerToken = callerToken
        self.arena = arena
        self.startNanoseconds = startNanoseconds
        cost = method.cost
    }

    /// Tells the caller, in the header of the answer, the version that the workspace's rights have from now on. A call that names it
    /// as its `min_epoch` sees the change, whichever program it goes to.
    package func tellPolicyEpoch(_ epoch: Int64) {
        responseHeader.append(AnswerInfo.policyEpochKey, "\(epoch)")
    }

    /// What is told with the status: the cost, if it is another one than the method's, which the gateway knows.
    package var extraCost: Budget? {
        cost == method.cost ? nil : Budget(cost: cost, remaining: 0, reset: .zero)
    }

    /// What this process does with traces.
    package var tracing: Tracing { connection.tracing }

    /// Who is at the other end of the connection.
    package var peer: Peer { connection.peer }

    /// From which level on `logger` logs; asking costs nothing.
    package var logLevel: Logger.Level { connection.logger.logLevel }

    /// A logger that names the call. Made on first use, since most calls log nothing.
    package var logger: Logger {
        if let madeLogger { return madeLogger }
        var logger = connection.logger
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

    /// The caller as the actor, who must be a user of a tenant; PERMISSION_DENIED with TENANT_USER_REQUIRED for an operator.
    package func requireTenantActor() throws -> TenantActor {
        guard let actor = TenantActor(try requireCaller()) else {
            throw RPCError.permissionDenied(
                "TENANT_USER_REQUIRED", "This method works inside a workspace: sign in as a user of one.")
        }
        return actor
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
