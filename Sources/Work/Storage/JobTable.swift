import Postgres
package import Records
package import Tenancy
package import TenantDatabase

/// A job that is to be made.
package struct NewJob: Hashable, Sendable {
    package let name: String
    /// Of the jobs of a name with the same key only the first is made, for as long as it is kept. Nil makes one each time.
    package let key: String?
    package let userID: UserID?
    package let dueAt: Timestamp
    /// What its first step gets.
    package let checkpoint: [UInt8]?
    /// How much there is to do, if that is known.
    let total: Int64?
    let scheduledAt: Timestamp?

    /// The key of the open run of a schedule, which is free again when it ends.
    private static let scheduleKey = "schedule"

    package init(
        _ name: String, key: String? = nil, userID: UserID?, dueAt: Timestamp, checkpoint: [UInt8]? = nil,
        total: Int64? = nil
    ) {
        precondition(key != Self.scheduleKey, "that key is for runs of schedules")
        (self.name, self.key, self.userID) = (name, key, userID)
        (self.dueAt, self.checkpoint, self.total, scheduledAt) = (dueAt, checkpoint, total, nil)
    }

    /// The run of a moment of a schedule.
    ///
    /// - Parameter delay: after that moment.
    init(_ name: String, scheduledAt moment: Timestamp, delay: Duration = .zero) {
        (self.name, key, userID) = (name, Self.scheduleKey, nil)
        (dueAt, checkpoint, total, scheduledAt) = (moment.advanced(by: delay), nil, nil, moment)
    }
}

/// The jobs of tenants, as those see them who make, watch and cancel them.
package struct JobTable: Sendable {
    private let database: TenantDatabase

    package init(_ database: TenantDatabase) { self.database = database }

    /// Makes a job with the transaction's other effects, or finds the one that has its key. Runners of this process are woken after COMMIT.
    package static func insert(
        _ job: NewJob, at now: Timestamp, _ transaction: RecordTransaction
    ) async throws -> RecordID {
        transaction.ringAfterCommit()
        let id = RecordID.make()
        let made = try await transaction.query(JobStatements.insert(job, id: id, at: now))
        guard made.isEmpty, let key = job.key else { return id }
        return try await transaction.query(JobStatements.find(job.name, key: key)).one().id(0)
    }

    /// Jobs of a user that may be open at a time, beside those that wait for their day.
    static let openMax: Int64 = 50

    /// - Throws: RESOURCE_EXHAUSTED with JOBS_TOO_MANY.
    static func requireRoom(for user: UserID?, _ transaction: RecordTransaction) async throws {
        let count = try await transaction.query(JobStatements.countOpen(of: user, at: transaction.now)).one().int64(0)
        if count >= openMax { throw JobError.tooMany(openMax) }
    }

    /// Nil when there is none.
    package func find(_ id: RecordID, as actor: TenantActor, deadline: UInt64) async throws -> Job? {
        try await read(JobStatements.find(id), actor, deadline).first
    }

    /// The newest first.
    ///
    /// - Parameters:
    ///   - id: of the last job before.
    ///   - user: the one for whom they work; nil for those of all and of the workspace itself.
    func list(
        before id: RecordID?, name: String?, isOpen: Bool, of user: UserID?, countMax: Int, as actor: TenantActor,
        deadline: UInt64
    ) async throws -> [Job] {
        try await read(
            JobStatements.list(before: id, name: name, isOpen: isOpen, of: user, countMax: countMax), actor, deadline)
    }

    /// Asks that a job ends: after this no further step begins, and a runner that looks ends it.
    ///
    /// - Returns: false when it has ended already or there is none.
    package func cancel(
        _ id: RecordID, as actor: TenantActor, at now: Timestamp, deadline: UInt64
    ) async throws -> Bool {
        try await !write(JobStatements.cancel(id, at: now), actor, deadline).isEmpty
    }

    /// Has a job that failed go on.
    /// - Returns: false when it did not fail, or is one of a schedule.
    func retry(_ id: RecordID, as actor: TenantActor, at now: Timestamp, deadline: UInt64) async throws -> Bool {
        try await !write(JobStatements.retry(id, at: now), actor, deadline).isEmpty
    }

    /// Has the run of a schedule be due now, a new one if there is none.
    /// - Returns: its id.
    func hasten(_ name: String, as actor: TenantActor, at now: Timestamp, deadline: UInt64) async throws -> RecordID {
        let id = RecordID.make()
        let rows = try await write(JobStatements.hasten(name, at: now), actor, deadline)
        if let row = rows.first { return try row.id(0) }
        let made = try await write(
            JobStatements.insert(NewJob(name, scheduledAt: now), id: id, at: now), actor, deadline)
        return made.isEmpty ? try await hasten(name, as: actor, at: now, deadline: deadline) : id
    }

    private func read(_ query: Query, _ actor: TenantActor, _ deadline: UInt64) async throws -> [Job] {
        try await database.read(actor, deadline: deadline, query.statement, query.parameters).map { try Job($0) }
    }

    private func write(_ query: Query, _ actor: TenantActor, _ deadline: UInt64) async throws -> Rows {
        try await database.batch(actor, deadline: deadline, [(query.statement, query.parameters)])[0]
    }
}

extension RecordTransaction {
    func query(_ query: Query) async throws -> Rows { try await self.query(query.statement, query.parameters) }
}
