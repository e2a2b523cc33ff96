package import Tenancy

/// What a run did to one schema.
package struct SchemaOutcome: Sendable, Hashable {
    package enum Result: Sendable, Hashable {
        /// So many migrations were applied.
        case migrated(count: Int)
        case current
        /// The migration failed, and the schema is as it was. The error is kept in its `meta`.
        case parked(error: String)
        /// An earlier run parked it, and this one was not told to try again.
        case skipped(error: String)
    }

    package let schema: TenantSchema
    package let result: Result
}

/// What a run did to all schemas of a service.
package struct MigrationReport: Sendable {
    package internal(set) var outcomes: [SchemaOutcome] = []
    /// A canary failed, so the other tenants were left alone.
    package internal(set) var isStoppedAfterCanary = false

    package var migratedCount: Int { count { if case .migrated = $0 { true } else { false } } }
    package var currentCount: Int { count { $0 == .current } }
    /// The schemas that need somebody's attention.
    package var failed: [SchemaOutcome] {
        outcomes.filter {
            switch $0.result {
            case .parked, .skipped: true
            case .migrated, .current: false
            }
        }
    }

    private func count(_ matches: (SchemaOutcome.Result) -> Bool) -> Int {
        outcomes.reduce(0) { $0 + (matches($1.result) ? 1 : 0) }
    }
}

/// How a run goes through the schemas.
package struct MigrationOptions: Sendable {
    /// Tenants that go first, one by one; when one of them fails, the others are left alone.
    package var canaryCount = 1
    /// Schemas that are migrated at once after that.
    package var concurrency = 4
    /// Tries again where an earlier run failed.
    package var retriesParked = false

    package init() {}
}
