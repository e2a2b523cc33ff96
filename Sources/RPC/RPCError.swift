/// A call failed. Everything here except `cause` is meant for the caller; `cause` stays in the process and goes to
/// the log only.
public struct RPCError: Error, Sendable, CustomStringConvertible {
    /// The canonical code.
    public var code: StatusCode {
        get { parts.code }
        set { parts.code = newValue }
    }
    /// Machine-readable cause, UPPER_SNAKE_CASE, at most 63 characters, unique within `domain`, never reused.
    public var reason: String {
        get { parts.reason }
        set { parts.reason = newValue }
    }
    /// Who defined `reason`: rpc, gateway, identity, customer, sales or records.
    public var domain: String {
        get { parts.domain }
        set { parts.domain = newValue }
    }
    /// For the developer, English, says what to do. Never parsed.
    public var message: String {
        get { parts.message }
        set { parts.message = newValue }
    }
    /// Everything that `message` mentions, by name in lower_snake_case.
    public var details: [(key: String, value: String)] {
        get { parts.details }
        set { parts.details = newValue }
    }
    /// One entry for each request field that was refused.
    public var fieldViolations: [FieldViolation] {
        get { parts.fieldViolations }
        set { parts.fieldViolations = newValue }
    }
    /// Wait at least so long before a retry.
    public var retryDelay: Duration? {
        get { parts.retryDelay }
        set { parts.retryDelay = newValue }
    }
    /// What stood in the way of an update.
    public var conflict: Conflict? {
        get { parts.conflict }
        set { parts.conflict = newValue }
    }
    /// What the call cost and what is left.
    public var budget: Budget? {
        get { parts.budget }
        set { parts.budget = newValue }
    }
    /// The error beneath, for the log of this process. Never sent, never in `description`.
    package var cause: (any Error)? {
        get { parts.cause }
        set { parts.cause = newValue }
    }

    private var box: Box

    /// On the heap, so that an error is one reference: every call has room for one, and nearly none has one.
    private indirect enum Box: Sendable { case parts(Parts) }

    private struct Parts: Sendable {
        var code: StatusCode
        var reason: String
        var domain: String
        var message: String
        var details: [(key: String, value: String)]
        var fieldViolations: [FieldViolation]
        var retryDelay: Duration?
        var conflict: Conflict?
        var budget: Budget?
        var cause: (any Error)?
    }

    private var parts: Parts {
        get {
            switch box {
            case .parts(let parts): parts
            }
        }
        set { box = .parts(newValue) }
    }

    package init(
        _ code: StatusCode, reason: String, domain: String = "rpc", _ message: String,
        details: [(key: String, value: String)] = [], fieldViolations: [FieldViolation] = [],
        retryDelay: Duration? = nil, conflict: Conflict? = nil, budget: Budget? = nil,
        cause: (any Error)? = nil
    ) {
        box = .parts(
            Parts(
                code: code, reason: reason, domain: domain, message: message, details: details,
                fieldViolations: fieldViolations, retryDelay: retryDelay, conflict: conflict, budget: budget,
                cause: cause))
    }

    /// Code, reason and message: what the caller is told anyway.
    public var description: String { "\(code.name) \(domain)/\(reason): \(message)" }
}

/// A request field that was refused.
public struct FieldViolation: Hashable, Sendable {
    /// Path of the field from the request, as in account.display_name.
    public var field: String
    /// Machine-readable cause, as in REQUIRED or TOO_LONG.
    public var reason: String
    /// What is wrong, the limit and the cure.
    public var description: String

    public init(field: String, reason: String, description: String) {
        self.field = field
        self.reason = reason
        self.description = description
    }
}

/// What stood in the way of an update. Each record is a serialized message holding only the overlapping fields, id
/// and version.
public struct Conflict: Hashable, Sendable {
    /// Full name of the record message.
    public var type: String
    /// As the caller read it.
    public var base: [UInt8]
    /// As the caller wants it.
    public var mine: [UInt8]
    /// As it is now.
    public var theirs: [UInt8]
    /// The fields on which mine and theirs disagree.
    public var fields: [String]

    public init(type: String, base: [UInt8], mine: [UInt8], theirs: [UInt8], fields: [String]) {
        self.type = type
        self.base = base
        self.mine = mine
        self.theirs = theirs
        self.fields = fields
    }
}

/// What a call cost in the caller's budget of weighted calls.
public struct Budget: Hashable, Sendable {
    /// The cost of this call.
    public var cost: UInt32
    /// What is left until the reset.
    public var remaining: UInt32
    /// Until the budget is full again.
    public var reset: Duration

    public init(cost: UInt32, remaining: UInt32, reset: Duration) {
        self.cost = cost
        self.remaining = remaining
        self.reset = reset
    }
}
