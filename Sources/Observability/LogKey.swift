/// The keys of log metadata, all of them. A key means the same in every program; new ones are added here.
package enum LogKey {
    // Who and what
    /// Program that wrote the line: gateway, identity, customer or sales.
    package static let program = "program"
    /// Version of the program.
    package static let version = "version"
    /// Tenant, UUID text.
    package static let tenantID = "tenant.id"
    /// Name of the tenant's workspace.
    package static let workspace = "workspace"
    /// User or operator, UUID text.
    package static let userID = "user.id"
    /// Session, UUID text.
    package static let sessionID = "session.id"

    // The call
    /// Package, service and method.
    package static let method = "rpc.method"
    /// Canonical status code by name.
    package static let statusCode = "rpc.code"
    /// Machine-readable cause of an error.
    package static let errorReason = "error.reason"
    /// What went wrong, for operators; never leaves the process otherwise.
    package static let error = "error"
    /// Id that the caller got instead of the cause of an internal error.
    package static let incidentID = "incident.id"
    /// Request id of the call.
    package static let requestID = "request.id"
    /// W3C trace id, 32 hex digits.
    package static let traceID = "trace.id"
    /// W3C span id, 16 hex digits.
    package static let spanID = "span.id"
    /// How long something took, in milliseconds with three decimals.
    package static let durationMilliseconds = "duration_ms"

    // The wire
    /// The other side of a connection: address or program.
    package static let peer = "peer"
    /// Name and version that the other side gave.
    package static let agent = "agent"
    /// Number of a connection in this process.
    package static let connectionID = "connection.id"
    /// Number of a call on its connection.
    package static let callID = "call.id"
    /// An address that the program listens on or connects to.
    package static let address = "address"
    /// Number of an event loop.
    package static let loop = "loop"
    /// How many there are of what the message speaks of.
    package static let count = "count"
    /// A size in bytes.
    package static let byteCount = "bytes"
    /// A limit that was reached.
    package static let limit = "limit"
    /// Number of a try, from 1.
    package static let attempt = "attempt"
    /// Time until the next try, in milliseconds.
    package static let delayMilliseconds = "delay_ms"

    // The database
    /// Name of a database in the settings.
    package static let database = "db.name"
    /// Schema of a tenant.
    package static let schema = "db.schema"
    /// SQLSTATE of an error.
    package static let sqlState = "db.sqlstate"
    /// Statement, without its parameters.
    package static let statement = "db.statement"
    /// Name of a constraint.
    package static let constraint = "db.constraint"
    /// Name of a migration.
    package static let migration = "migration"

    // The process
    /// File that the message is about.
    package static let file = "file"
    /// Signal by name.
    package static let signal = "signal"
    /// Key of a setting.
    package static let setting = "setting"
    /// Version of a tenant's policy.
    package static let policyEpoch = "policy.epoch"
    /// Kind of records, as in account.
    package static let object = "object"
    /// Id of a record, UUID text.
    package static let recordID = "record.id"
    /// Log lines that were dropped before this one because nobody read the log.
    package static let droppedLines = "log.dropped"
}
