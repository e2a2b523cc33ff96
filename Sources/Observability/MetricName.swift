/// The names of metrics, all of them. The exposition writes `.` as `_`, puts `steward_` in front, and ends counters
/// in `_total` and timers in `_seconds`.
package enum MetricName {
    // Calls that this process serves
    /// Timer: one served call, by `method` and `code`.
    package static let serverDuration = "rpc.server.duration"
    /// Gauge: calls being served.
    package static let serverCallsInFlight = "rpc.server.calls.in_flight"
    /// Gauge: calls that wait for their turn.
    package static let serverCallsQueued = "rpc.server.calls.queued"
    /// Timer: how long a call that had to wait for its turn has waited.
    package static let serverQueueWait = "rpc.server.queue.wait"
    /// Counter: calls and connections refused before anything was done for them, by `reason`.
    package static let serverRefusals = "rpc.server.refusals"
    /// Gauge: open connections.
    package static let serverConnections = "rpc.server.connections"
    /// Counter: connections accepted.
    package static let serverAccepts = "rpc.server.accepts"
    /// Counter: connections ended for a broken protocol, by `reason`.
    package static let serverProtocolErrors = "rpc.server.protocol_errors"
    /// Counter: TLS handshakes that failed.
    package static let handshakeFailures = "tls.handshake.failures"

    // Calls that this process makes
    /// Gauge: 1 while a connection to the program called is up, else 0, by `service` (that program).
    package static let clientConnected = "rpc.client.connected"
    /// Counter: calls made again after they had failed for a passing reason, by `service` (the program called).
    package static let clientRetries = "rpc.client.retries"
    /// Counter: second attempts of calls that were silent for too long, by `service`.
    package static let clientHedges = "rpc.client.hedges"
    /// Counter: retries and hedges that were not made because the budget for them was used up, by `service`.
    package static let clientRetriesRefused = "rpc.client.retries.refused"

    // The gateway
    /// Timer: one call passed on, by `service` (the program that serves it) and `code`.
    package static let forwardDuration = "gateway.forward.duration"
    /// Gauge: connections with a session.
    package static let attachedSessions = "gateway.sessions.attached"

    // The database
    /// Timer: one transaction, by `database`.
    package static let transactionDuration = "db.transaction.duration"
    /// Timer: one transaction whose time depends on what a client asks for (lists, sums), by `database`.
    package static let scanDuration = "db.scan.duration"
    /// Timer: waiting for a connection of the pool, by `database`.
    package static let poolWait = "db.pool.wait"
    /// Gauge: connections of the pool, by `database` and `state` (idle, busy).
    package static let poolConnections = "db.pool.connections"
    /// Gauge: calls that wait for a connection of the pool, by `database`.
    package static let poolWaiters = "db.pool.waiters"
    /// Counter: calls that got no connection, by `database` and `reason`: line_full, deadline, or by what their own workspace
    /// has under way: tenant_line_full, scans.
    package static let poolRefusals = "db.pool.refusals"
    /// Counter: connections opened, by `database`.
    package static let poolConnects = "db.pool.connects"

    // Tracing
    /// Counter: spans written to the file of `tracing.file`.
    package static let spansWritten = "tracing.spans.written"
    /// Counter: spans that were not written, because the queue was full or the disk did not take them.
    package static let spansDropped = "tracing.spans.dropped"
    /// Counter: calls that a client wanted to be recorded and the gateway did not, since its budget for that was used up.
    package static let clientTracesUnsampled = "tracing.client_traces.unsampled"

    // Access
    /// Gauge: seconds since the last sign of life of the policy stream.
    package static let policyAge = "policy.age.seconds"
    /// Gauge: tenants whose policy is in memory.
    package static let policyTenants = "policy.tenants"
    /// Counter: policies fetched from identity.
    package static let policyFetches = "policy.fetches"
    /// Counter: caller tokens that were refused, by `reason`.
    package static let callerRefusals = "caller.refusals"

    // The feed
    /// Counter: events whose effect is committed, by `consumer`.
    package static let feedEvents = "feed.events"
    /// Timer: from the beginning of a write to the commit of its effect, the longest of each batch, by `consumer`.
    package static let feedLag = "feed.lag"
    /// Gauge: events that a consumer has still to read, of all tenants that this process has looked at, by `consumer`. Of a tenant
    /// 10,000 are counted at most.
    package static let feedBacklog = "feed.backlog"
    /// Gauge: seconds since the earliest of these, or since the making of a mirror was begun that is not made yet, by `consumer`.
    package static let feedBacklogAge = "feed.backlog.age.seconds"

    // Mirrors
    /// Counter: records and changes that a mirror of another service was told, by `consumer`, its name.
    package static let mirrorRecords = "mirrors.records"
    /// Counter: records of a mirror that differed when they were compared, and were healed, by `consumer`.
    package static let mirrorHealed = "mirrors.healed"
    /// Counter: values that a mirror left out, since its rules, those of an older program, do not allow them, each time that they are told, by
    /// `consumer`.
    package static let mirrorUnfit = "mirrors.unfit"

    // Jobs
    /// Counter: steps of jobs, by `job` and `outcome` (goes_on, ended, failed, lost).
    package static let jobSteps = "jobs.steps"
    /// Timer: from when a job was due until a runner took it, by `job`.
    package static let jobDelay = "jobs.delay"
    /// Gauge: tenants that the process's runner works for.
    package static let jobTenants = "jobs.tenants"

    // Standing work
    /// Counter: steps of standing work, by `work`, its name, and `outcome` (goes_on, ended, failed).
    package static let standingSteps = "standing.steps"

    // Signing in
    /// Counter: passwords hashed or checked, each some 25 ms of one CPU.
    package static let passwordEvaluations = "identity.password.evaluations"

    // The process
    /// Gauge: 1, with `version` and `program`.
    package static let buildInfo = "build.info"
    /// Gauge: seconds since 1970 UTC at the start.
    package static let startTime = "process.start_time.seconds"
    /// Gauge: resident memory in bytes.
    package static let residentBytes = "process.resident_memory.bytes"
    /// Gauge: CPU time used, in seconds.
    package static let cpuSeconds = "process.cpu.seconds"
    /// Gauge: open file descriptors.
    package static let openFiles = "process.open_fds"
    /// Gauge: seconds until the program's certificate ends.
    package static let certificateLifetime = "tls.certificate.lifetime.seconds"
    /// Counter: series that were merged into `_other` because their metric had too many.
    package static let mergedSeries = "metrics.merged_series"
}

/// The names of metric dimensions.
package enum MetricDimension {
    package static let method = "method"
    package static let code = "code"
    package static let reason = "reason"
    package static let service = "service"
    package static let database = "database"
    package static let state = "state"
    package static let program = "program"
    package static let version = "version"
    package static let consumer = "consumer"
    package static let job = "job"
    package static let work = "work"
    package static let outcome = "outcome"
}
