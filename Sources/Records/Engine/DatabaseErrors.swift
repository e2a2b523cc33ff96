import Postgres
import RPC

/// Turns what PostgreSQL says into what the caller is told. No text of the server leaves the process.
enum DatabaseErrors {
    /// How long a caller waits before it tries again what ran into a lock.
    private static let busyRetryDelay = Duration.milliseconds(100)
    /// How long a caller waits until other reads of its workspace are over.
    private static let workspaceBusyRetryDelay = Duration.seconds(1)
    /// How long a caller waits while the database is away.
    private static let unavailableRetryDelay = Duration.seconds(1)

    /// The error for the caller; errors that are not PostgreSQL's pass through. `path` is put before field names.
    static func translate(_ error: any Error, _ type: RecordType?, path: String = "") -> any Error {
        guard let error = error as? PostgresError else { return error }
        switch error.kind {
        case .uniqueViolation, .exclusionViolation: return taken(error, type, path)
        case .foreignKeyViolation: return referenceMissing(error, type, path)
        case .checkViolation, .notNullViolation: return refused(error, type, path)
        case .serializationFailure, .deadlock, .lockTimeout:
            return made(
                .aborted, .databaseBusy, "Another change is under way; try again.", busyRetryDelay, error)
        case .poolExhausted:
            return made(
                .unavailable, .databaseBusy, "The service is busy; try again later.", busyRetryDelay, error)
        case .tenantBusy: return workspaceBusy(error)
        case .readTimeout: return readTimeout(error)
        case .connectionLost, .unavailable, .readOnlyTransaction:
            let text =
                error.isOutcomeUnknown
                ? "The database went away while it stored the change; repeat the call with the same request id."
                : "The database is not reachable at the moment; try again later."
            return made(.unavailable, .databaseUnavailable, text, unavailableRetryDelay, error)
        case .stampMismatch:
            return made(
                .unavailable, .workspaceUnavailable, "The workspace is being changed; try again later.",
                unavailableRetryDelay, error)
        case .queryCanceled:
            return RPCError(
                .deadlineExceeded, reason: "DEADLINE_EXCEEDED", domain: RecordErrors.domain,
                "The time for the call ran out in the database; allow more, or ask for less.", cause: error)
        default: return error
        }
    }

    private static func workspaceBusy(_ error: PostgresError) -> RPCError {
        made(
            .resourceExhausted, .workspaceBusy,
            "Other calls of the workspace keep the database busy for so long that this one would wait for them in vain; nothing was "
                + "done. Try again after the delay. Narrow the filters that read much, or order by a field with an index.",
            workspaceBusyRetryDelay, error)
    }

    /// Without a delay: the same call would fail the same way.
    private static func readTimeout(_ error: PostgresError) -> RPCError {
        let limit = (error.limit ?? .zero) / .milliseconds(1)
        return RPCError(
            .resourceExhausted, reason: RecordReason.readTimeout.rawValue, domain: RecordErrors.domain,
            "Reading took longer in the database than the \(Int(limit)) ms that it may. Narrow the filter, order by create_time, or ask "
                + "without the count.",
            details: [(key: "limit_ms", value: "\(Int(limit))")], cause: error)
    }

    private static func made(
        _ code: StatusCode, _ reason: RecordReason, _ text: String, _ delay: Duration, _ cause: PostgresError
    ) -> RPCError {
        RPCError(
            code, reason: reason.rawValue, domain: RecordErrors.domain, text, retryDelay: delay, cause: cause)
    }

    private static func taken(_ error: PostgresError, _ type: RecordType?, _ path: String) -> RPCError {
        guard let type, let constraint = error.constraint else { return unknownConstraint(error) }
        if let field = type.fields.first(where: { $0.rules.unique?.constraint == constraint }) {
            return taken(field.name, type, path, cause: error)
        }
        if constraint == "\(type.table)_pkey" { return taken("id", type, path, cause: error) }
        if let rule = type.constraints.first(where: { $0.name == constraint }) {
            return taken(rule, type, path, cause: error)
        }
        return unknownConstraint(error)
    }

    /// The value of a field belongs to another record.
    static func taken(_ field: String, _ type: RecordType, _ path: String, cause: (any Error)? = nil)
        -> RPCError
    {
        let text = "Another \(type.object) has this \(field); choose another value or change that record."
        let reason = "\(field.uppercased())_TAKEN"
        return RPCError(
            .alreadyExists, reason: reason, domain: RecordErrors.domain, text, details: [("field", field)],
            fieldViolations: [FieldViolation(field: path + field, reason: reason, description: text)],
            cause: cause)
    }

    /// The values of several fields belong to another record.
    static func taken(
        _ rule: ConstraintRule, _ type: RecordType, _ path: String, cause: (any Error)? = nil
    ) -> RPCError {
        let text =
            "Another \(type.object) has the same \(rule.fields.joined(separator: " and ")); change one of them."
        return RPCError(
            .alreadyExists, reason: rule.reason, domain: RecordErrors.domain, text, details: [],
            fieldViolations: rule.fields.map {
                FieldViolation(field: path + $0, reason: rule.reason, description: text)
            }, cause: cause)
    }

    private static func referenceMissing(_ error: PostgresError, _ type: RecordType?, _ path: String)
        -> RPCError
    {
        guard let type, let constraint = error.constraint,
            let field = type.fields.first(where: { "\(type.table)_\($0.column)_fkey" == constraint })
        else { return unknownConstraint(error) }
        var refusal = RecordErrors.invalid(
            .referenceNotFound, "\(field.name) names a record that does not exist.", field: path + field.name)
        refusal.cause = error
        return refusal
    }

    private static func refused(_ error: PostgresError, _ type: RecordType?, _ path: String) -> RPCError {
        if let rule = type?.constraints.first(where: { $0.name == error.constraint }),
            let field = rule.fields.first
        {
            let text = "The value of \(rule.fields.joined(separator: ", ")) is not allowed."
            return RPCError(
                .invalidArgument, reason: rule.reason, domain: RecordErrors.domain, text,
                fieldViolations: [
                    FieldViolation(field: path + field, reason: rule.reason, description: text)
                ],
                cause: error)
        }
        if let column = error.column, let field = type?.fields.first(where: { $0.columns.contains(column) }) {
            var refusal = RecordErrors.invalid(
                .constraintViolated, "\(field.name) must be set.", field: path + field.name)
            refusal.cause = error
            return refusal
        }
        return unknownConstraint(error)
    }

    /// A constraint that no declaration names: the caller cannot do much, the log says which.
    private static func unknownConstraint(_ error: PostgresError) -> RPCError {
        RPCError(
            .failedPrecondition, reason: RecordReason.constraintViolated.rawValue,
            domain: RecordErrors.domain,
            "A rule of the workspace forbids this change.", cause: error)
    }
}
