package import Wire

/// Factories for the codes that services use daily. `message` says what to do.
extension RPCError {
    /// The request is wrong. With `field`, a field violation with the same reason and text is added.
    package static func invalidArgument(
        _ reason: String, _ message: String, field: String? = nil, domain: String = "rpc",
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        let violations = field.map { [FieldViolation(field: $0, reason: reason, description: message)] } ?? []
        return RPCError(
            .invalidArgument, reason: reason, domain: domain, message, details: details,
            fieldViolations: violations)
    }

    /// Several fields are wrong; the message names how many.
    package static func invalidArgument(_ violations: [FieldViolation], domain: String = "rpc") -> RPCError {
        let first = violations.first.map { "\($0.field): \($0.description)" } ?? ""
        let told = violations.count { !$0.isMore }
        let count = told < violations.count ? "More than \(told)" : "\(told)"
        let text = violations.count == 1 ? first : "\(count) fields are wrong; the first: \(first)"
        return RPCError(
            .invalidArgument, reason: violations.first?.reason ?? "INVALID", domain: domain, text,
            fieldViolations: violations)
    }

    /// The request is no message of its type, or cannot be made one; the field is named where it is known.
    package static func requestMalformed(_ error: WireError, _ type: MessageDescriptor) -> RPCError {
        let violations = [FieldViolation(field: error.fieldPath, reason: "MALFORMED", description: error.description)]
        return RPCError(
            .invalidArgument, reason: "REQUEST_MALFORMED", "The request is not a \(type.name): \(error)",
            fieldViolations: error.fieldPath.isEmpty ? [] : violations)
    }

    /// No such thing, or none that the caller may know of.
    package static func notFound(
        _ reason: String, _ message: String, domain: String = "rpc",
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        RPCError(.notFound, reason: reason, domain: domain, message, details: details)
    }

    /// The thing to be created exists.
    package static func alreadyExists(
        _ reason: String, _ message: String, domain: String = "rpc",
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        RPCError(.alreadyExists, reason: reason, domain: domain, message, details: details)
    }

    /// The caller may not do this.
    package static func permissionDenied(
        _ reason: String, _ message: String, domain: String = "rpc",
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        RPCError(.permissionDenied, reason: reason, domain: domain, message, details: details)
    }

    /// Who calls is not known.
    package static func unauthenticated(_ reason: String, _ message: String, domain: String = "rpc")
        -> RPCError
    {
        RPCError(.unauthenticated, reason: reason, domain: domain, message)
    }

    /// The state of the system forbids it.
    package static func failedPrecondition(
        _ reason: String, _ message: String, domain: String = "rpc",
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        RPCError(.failedPrecondition, reason: reason, domain: domain, message, details: details)
    }

    /// A concurrent change won.
    package static func aborted(
        _ reason: String, _ message: String, domain: String = "rpc", conflict: Conflict? = nil,
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        RPCError(.aborted, reason: reason, domain: domain, message, details: details, conflict: conflict)
    }

    /// A limit is reached.
    package static func resourceExhausted(
        _ reason: String, _ message: String, domain: String = "rpc", retryDelay: Duration? = nil,
        details: [(key: String, value: String)] = []
    ) -> RPCError {
        RPCError(
            .resourceExhausted, reason: reason, domain: domain, message, details: details,
            retryDelay: retryDelay)
    }

    /// The caller was given time to take the messages of a stream, and has not taken them.
    package static func answerNotTaken() -> RPCError {
        resourceExhausted(
            "ANSWER_NOT_TAKEN",
            "The messages of this call were not taken in time. Call again with the token of the last one, if they have tokens, and read faster.",
            retryDelay: .seconds(1))
    }

    /// Not possible right now; retry with backoff.
    package static func unavailable(
        _ reason: String, _ message: String, domain: String = "rpc", retryDelay: Duration? = nil,
        cause: (any Error)? = nil
    ) -> RPCError {
        RPCError(.unavailable, reason: reason, domain: domain, message, retryDelay: retryDelay, cause: cause)
    }

    /// There is no such method.
    package static func unimplemented(_ reason: String, _ message: String, domain: String = "rpc") -> RPCError {
        RPCError(.unimplemented, reason: reason, domain: domain, message)
    }

    /// The time ran out.
    package static func deadlineExceeded(_ message: String) -> RPCError {
        RPCError(.deadlineExceeded, reason: "DEADLINE_EXCEEDED", message)
    }

    /// The caller cancelled.
    package static func cancelled(_ message: String = "The caller cancelled the call.") -> RPCError {
        RPCError(.cancelled, reason: "CANCELLED", message)
    }
}
