/// The keys of log metadata, all of them. A key means the same in every program; new ones are added here, and
/// Tests/ArchitectureTests finds those that nobody writes. Each line has `ts`, `level`, `msg` and `program` besides.
package enum LogKey {
    // Who and what
    /// Version of the program.
    package static let version = "version"
    /// Tenant, UUID text.
    package static let tenantID = "tenant.id"
    /// User or operator, UUID text.
    package static let userID = "user.id"
    /// Admin of a workspace whom an operator has helped, UUID text.
    package static let adminID = "admin.id"
    /// Whether a password was set along with it.
    package static let passwordSet = "password.set"
    /// State of a tenant after a change, as in suspended.
    package static let tenantState = "tenant.state"
    /// Job, UUID text.
    package static let jobID = "job.id"
    /// Name of a job's definition.
    package static let jobName = "job.name"
    /// Name of a time zone, as in Europe/Berlin.
    package static let timeZone = "time.zone"

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
    /// How long something took, in milliseconds with three decimals.
    package static let durationMilliseconds = "duration_ms"
    /// Where the time of a slow call went, in milliseconds: until its code began,
    package static let queueMilliseconds = "queue_ms"
    /// waiting for a connection of the pool,
    package static let poolMilliseconds = "pool_ms"
    /// with a connection of the database,
    package static let databaseMilliseconds = "db_ms"
    /// in the rest of its code,
    package static let handlerMilliseconds = "handler_ms"
    /// and, for a call passed on, in the service behind the gateway.
    package static let serviceMilliseconds = "service_ms"

    // The wire
    /// The other side of a connection: address or program.
    package static let peer = "peer"
    /// Name and version that the other side gave.
    package static let agent = "agent"
    /// Number of a connection in this process.
    package static let connectionID = "connection.id"
    /// An address that the program listens on or connects to.
    package static let address = "address"

    // The database
    /// Schema of a tenant.
    package static let schema = "db.schema"
    /// The service whose schema it is.
    package static let schemaService = "db.schema.service"

    // The process
    /// Signal by name.
    package static let signal = "signal"
    /// Key of a setting.
    package static let setting = "setting"
    /// Kind of records, as in account.
    package static let object = "object"
    /// Log lines that were dropped before this one because nobody read the log.
    package static let droppedLines = "log.dropped"
    /// Lines with the same reason that were left out before this one because there were many.
    package static let leftOutLines = "log.left_out"
}
