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
    static let scheduleKey = "schedule"

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

/// The jobs of tenants, as those see them who make, watch and cancel them. Whoever changes one is in the ledger (`JobLedger`).
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

    /// One transaction of a user at a time looks until it has committed: of those that look at once each would see room.
    ///
    /// - Throws: RESOURCE_EXHAUSTED with JOBS_TOO_MANY.
    package static func requireRoom(for user: UserID?, _ transaction: RecordTransaction) async throws {
        guard let user else { return }
        try await transaction.takeTurn(of: user.id)
        let count = try await transaction.query(JobStatements.countOpen(of: user, at: transaction.now)).one().int64(0)
        if count >= openMax { throw JobError.tooMany(openMax) }
    }

    /// Nil when there is none.
    package func find(_ id: RecordID, as actor: TenantActor, deadline: UInt64) async throws -> Job? {
        try await read(JobStatements.find(id), actor, deadline).first
    }

    /// Where a job stands; nil when there is none, or it is at its beginning.
    func checkpoint(of id: RecordID, as actor: TenantActor, deadline: UInt64) async throws -> [UInt8]? {
        let query = JobStatements.checkpoint(of: id)
        let rows = try await database.read(actor, deadline: deadline, query.statement, query.parameters)
        // The bytes are those of the rows.
        return withExtendedLifetime(rows) { rows.first?.value(0).map { Array($0) } }
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
    /// - Returns: nil when it has ended already or there is none.
    static func cancel(_ id: RecordID, at now: Timestamp, _ transaction: RecordTransaction) async throws -> Job? {
        try await change(JobStatements.hold(id), by: { JobStatements.cancel($0.id, at: now) }, transaction)
    }

    /// Has a job that failed go on.
    /// - Returns: nil when it did not fail, or is one of a schedule.
    static func retry(_ id: RecordID, at now: Timestamp, _ transaction: RecordTransaction) async throws -> Job? {
        try await change(JobStatements.hold(id), by: { JobStatements.retry($0.id, at: now) }, transaction)
    }

    /// Has the run of a schedule be due now, a new one if there is none.
    static func hasten(_ name: String, at now: Timestamp, _ transaction: RecordTransaction) async throws -> Job {
        while true {
            let hastened = try await change(
                JobStatements.holdRun(of: name), by: { JobStatements.hasten($0.id, at: now) }, transaction)
            if let hastened { return hastened }
            let made = try await transaction.query(
                JobStatements.insert(NewJob(name, scheduledAt: now), id: .make(), at: now))
            // Nothing is made when somebody else was quicker.
            guard let row = made.first else { continue }
            let job = try Job(try await transaction.query(JobStatements.find(row.id(0))).one())
            try JobLedger.tell(job, before: nil, in: transaction)
            transaction.ringAfterCommit()
            return job
        }
    }

    /// Moves the times of those jobs of a name that wait for their day: none has begun.
    ///
    /// - Parameter moment: the new time for the one that a job has.
    package static func redate(
        _ name: String, _ transaction: RecordTransaction, _ moment: (Timestamp) -> Timestamp
    ) async throws {
        for row in try await transaction.query(JobStatements.holdPlanned(name, at: transaction.now)) {
            let old = try row.timestamp(1)
            let new = moment(old)
            if new != old { _ = try await transaction.query(JobStatements.redate(try row.id(0), to: new)) }
        }
        transaction.ringAfterCommit()
    }

    /// Changes a job that is held meanwhile, and tells the ledger.
    private static func change(
        _ held: Query, by change: (Job) -> Query, _ transaction: RecordTransaction
    ) async throws -> Job? {
        guard let before = try await transaction.query(held).first.map({ try Job($0) }),
            let after = try await transaction.query(change(before)).first.map({ try Job($0) })
        else { return nil }
        try JobLedger.tell(after, before: before, in: transaction)
        transaction.ringAfterCommit()
        return after
    }

    private func read(_ query: Query, _ actor: TenantActor, _ deadline: UInt64) async throws -> [Job] {
        try await database.read(actor, deadline: deadline, query.statement, query.parameters).map { try Job($0) }
    }
}

extension RecordTransaction {
    func query(_ query: Query) async throws -> Rows { try await self.query(query.statement, query.parameters) }
}
