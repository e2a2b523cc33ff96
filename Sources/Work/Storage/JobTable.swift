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
    let scheduledAt: Timestamp?

    /// The key of the open run of a schedule, which is free again when it ends.
    private static let scheduleKey = "schedule"

    package init(
        _ name: String, key: String? = nil, userID: UserID?, dueAt: Timestamp, checkpoint: [UInt8]? = nil
    ) {
        precondition(key != Self.scheduleKey, "that key is for runs of schedules")
        (self.name, self.key, self.userID) = (name, key, userID)
        (self.dueAt, self.checkpoint, scheduledAt) = (dueAt, checkpoint, nil)
    }

    /// The run of a moment of a schedule.
    init(_ name: String, scheduledAt moment: Timestamp) {
        (self.name, key, userID) = (name, Self.scheduleKey, nil)
        (dueAt, checkpoint, scheduledAt) = (moment, nil, moment)
    }
}

/// The jobs of tenants, as those see them who make, watch and cancel them.
package struct JobTable: Sendable {
    private let database: TenantDatabase

    package init(_ database: TenantDatabase) { self.database = database }

    /// Makes a job with the transaction's other effects, or finds the one that has its key. Wake the runner after COMMIT.
    package static func insert(
        _ job: NewJob, at now: Timestamp, _ transaction: RecordTransaction
    ) async throws -> RecordID {
        let id = RecordID.make()
        let made = try await transaction.query(JobStatements.insert(job, id: id, at: now))
        guard made.isEmpty, let key = job.key else { return id }
        return try await transaction.query(JobStatements.find(job.name, key: key)).one().id(0)
    }

    /// Nil when there is none.
    package func find(_ id: RecordID, as actor: TenantActor, deadline: UInt64) async throws -> Job? {
        let query = JobStatements.find(id)
        return try await database.read(actor, deadline: deadline, query.statement, query.parameters).first.map {
            try Job($0)
        }
    }

    /// Asks that a job ends: after this no further step begins, and a runner that looks ends it.
    ///
    /// - Returns: false when it has ended already or there is none.
    package func cancel(
        _ id: RecordID, as actor: TenantActor, at now: Timestamp, deadline: UInt64
    ) async throws -> Bool {
        let query = JobStatements.cancel(id, at: now)
        return try await !database.batch(actor, deadline: deadline, [(query.statement, query.parameters)])[0].isEmpty
    }
}

extension RecordTransaction {
    func query(_ query: Query) async throws -> Rows { try await self.query(query.statement, query.parameters) }
}
