package import Postgres
package import RPC

/// What callers are told of a database that is busy, away, or without room: the same, whichever program asked it. Nothing of
/// the server's own words leaves the process; the cause, with the operator's cure, goes to the log.
package enum DatabaseOutage {
    /// How long a caller waits before it tries again what ran into a lock.
    private static let busyRetryDelay = Duration.milliseconds(100)
    /// How long a caller waits until other reads of its workspace are over.
    private static let workspaceBusyRetryDelay = Duration.seconds(1)
    /// How long a caller waits while the database is away.
    private static let awayRetryDelay = Duration.seconds(1)
    /// How long a caller waits while an operator makes room.
    private static let fullRetryDelay = Duration.seconds(10)

    /// The error for the caller; nil for what is about the data, or a fault of a program.
    package static func rpcError(_ error: PostgresError, domain: String) -> RPCError? {
        func made(_ code: StatusCode, _ reason: RecordReason, _ text: String, _ delay: Duration) -> RPCError {
            RPCError(code, reason: reason.rawValue, domain: domain, text, retryDelay: delay, cause: error)
        }
        switch error.kind {
        case .serializationFailure, .deadlock, .lockTimeout:
            return made(.aborted, .databaseBusy, "Another change is under way; try again.", busyRetryDelay)
        case .poolExhausted:
            return made(.unavailable, .databaseBusy, "The service is busy; try again later.", busyRetryDelay)
        case .tenantBusy:
            return made(
                .resourceExhausted, .workspaceBusy,
                "Other calls of the workspace keep the database busy for so long that this one would wait for them in vain; "
                    + "nothing was done. Try again after the delay. Narrow the filters that read much, or order by a field "
                    + "with an index.", workspaceBusyRetryDelay)
        case .readTimeout: return readTimeout(error, domain: domain)
        case .connectionLost, .unavailable, .readOnlyTransaction:
            let text =
                error.isOutcomeUnknown
                ? "The database went away while it stored the change; repeat the call with the same request id."
                : "The database is not reachable at the moment; try again later."
            return made(.unavailable, .databaseUnavailable, text, awayRetryDelay)
        case .outOfResources, .serverFault:
            let text = "The database cannot do this at the moment, and nothing was written; try again later."
            return made(.unavailable, .databaseUnavailable, text, fullRetryDelay)
        case .stampMismatch:
            return made(
                .unavailable, .workspaceUnavailable, "The workspace is being changed; try again later.", awayRetryDelay)
        case .roleRefused:
            return made(
                .unavailable, .workspaceUnavailable,
                "The workspace is not reachable at the moment, and nothing was done; try again later.", awayRetryDelay)
        case .queryCanceled:
            return RPCError(
                .deadlineExceeded, reason: "DEADLINE_EXCEEDED", domain: domain,
                "The time for the call ran out in the database; allow more, or ask for less.", cause: error)
        case .uniqueViolation, .foreignKeyViolation, .checkViolation, .notNullViolation, .exclusionViolation,
            .insufficientPrivilege, .undefinedTable, .undefinedObject, .invalidInput, .unexpectedResult, .refusedServer,
            .other:
            return nil
        }
    }

    /// Without a delay: the same call would fail the same way.
    private static func readTimeout(_ error: PostgresError, domain: String) -> RPCError {
        let limit = Int((error.limit ?? .zero) / .milliseconds(1))
        return RPCError(
            .resourceExhausted, reason: RecordReason.readTimeout.rawValue, domain: domain,
            "Reading took longer in the database than the \(limit) ms that it may. Narrow the filter, order by create_time, or "
                + "ask without the count.",
            details: [(key: "limit_ms", value: "\(limit)")], cause: error)
    }
}
