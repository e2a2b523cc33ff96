import Observability

/// What went wrong in or on the way to PostgreSQL. `message` is the server's own text, without the values that it may quote, and is for the
/// log: it may name hosts, logins and tables, and no part of it may leave the process.
package struct PostgresError: Error, Sendable {
    package enum Kind: Sendable, Hashable {
        case uniqueViolation, foreignKeyViolation, checkViolation, notNullViolation, exclusionViolation
        case serializationFailure, deadlock
        case insufficientPrivilege
        /// The login may not take on the tenant's role. Nothing of the transaction was done.
        case roleRefused
        /// The statement timeout or the deadline passed while the statement ran, or its Task was cancelled.
        case queryCanceled
        /// A transaction that only reads took longer than `PostgresSettings.readTimeout`.
        case readTimeout
        case lockTimeout
        case undefinedTable
        /// An undefined schema, role, column, function or type.
        case undefinedObject
        /// A value that its type refuses (SQLSTATE class 22).
        case invalidInput
        /// The connection broke while it was in use.
        case connectionLost
        /// No connection could be made, or the server takes none now.
        case unavailable
        /// The queue for a connection is full, or the deadline passed in it.
        case poolExhausted
        /// So much of this tenant waits for a connection already that more would not be served soon.
        case tenantBusy
        case readOnlyTransaction
        /// The server has no disk, memory or other room left for it (SQLSTATE class 53). It goes on when there is some again.
        case outOfResources
        /// The server cannot read or write its own files (SQLSTATE class 58).
        case serverFault
        /// The schema is not the tenant's, or its version is not one that this program understands.
        case stampMismatch
        /// A result has another shape than the statement promises.
        case unexpectedResult
        /// The server must not be used: too old, or a pooler stands before it.
        case refusedServer
        case other
    }

    package let kind: Kind
    /// Five characters of SQLSTATE, when the server spoke.
    package let sqlState: String?
    package let message: String
    /// The name of the violated constraint, without the shard suffix that Citus adds.
    package let constraint: String?
    package let table: String?
    package let column: String?
    /// COMMIT was sent and the connection broke before the answer: the transaction may or may not have happened.
    /// Only a repeat under the same request id is safe.
    package var isOutcomeUnknown = false
    /// The time that ran out, for `.readTimeout`.
    package var limit: Duration?

    package init(
        _ kind: Kind, _ message: String, sqlState: String? = nil, constraint: String? = nil,
        table: String? = nil, column: String? = nil, isOutcomeUnknown: Bool = false
    ) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
        self.constraint = constraint
        self.table = table
        self.column = column
        self.isOutcomeUnknown = isOutcomeUnknown
    }

    /// Whether a rule of the database refuses what was to be stored: the same again would be refused again.
    package var isConstraintViolation: Bool {
        switch kind {
        case .uniqueViolation, .exclusionViolation, .foreignKeyViolation, .checkViolation, .notNullViolation: true
        default: false
        }
    }

    /// Whether the same transaction may succeed when it is run again at once. Nothing of it has happened.
    package var isRetryable: Bool {
        switch kind {
        case .serializationFailure, .deadlock, .lockTimeout: true
        case .connectionLost, .unavailable: !isOutcomeUnknown
        default: false
        }
    }

    /// Whether the connection cannot be used after this error.
    var endsConnection: Bool {
        kind == .connectionLost || kind == .unavailable || kind == .refusedServer
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        let state = sqlState.map { " \($0)" } ?? ""
        let advice = cure.map { "; \($0)" } ?? ""
        return "postgres: \(kind)\(state)\(isOutcomeUnknown ? ", outcome of COMMIT unknown" : "")\(advice)"
    }

    /// What an operator does about it; nil when it is no matter of operation.
    package var cure: String? {
        switch (kind, sqlState) {
        case (_, "53100"): "the disk of the database is full: free space on it or enlarge it"
        case (_, "53200"): "the database server is out of memory: give it more, or lower work_mem or max_connections"
        case (_, "53300"):
            "all connections of PostgreSQL are taken: raise max_connections, or lower database.connections"
        case (.outOfResources, _): "the database server has reached a limit of its own: its log says which"
        case (.serverFault, _): "the database server cannot read or write its files: look at its disk and its log"
        case (.roleRefused, _):
            "the login is no member of the workspace's role in this service: the owner of the schemas does GRANT role TO login"
        case (.readOnlyTransaction, _):
            "the database takes no writes: this is a standby, or default_transaction_read_only is on"
        case (_, "57P01"), (_, "57P02"), (_, "57P03"): "PostgreSQL stops or starts: it is waited for"
        default: nil
        }
    }
}

extension PostgresError: LogDescribing {
    /// PostgreSQL's own log leaves errors of Steward's logins out (see deploy/postgres/steward.conf): what is to be known of one stands here.
    package var logText: String { "\(self): \(message)" }
}
