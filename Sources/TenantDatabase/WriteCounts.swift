import Postgres
package import Tenancy

// Whether something was written, without a look into any tenant's schema.
extension TenantDatabase {
    /// How many rows of a table were written in each tenant's schema of the service, as PostgreSQL counts them: inserted, changed and deleted. One
    /// question for each database, however many tenants there are.
    ///
    /// The numbers are good for a comparison with earlier ones and nothing else. A write is counted ten seconds after its COMMIT at the latest
    /// (`PGSTAT_IDLE_INTERVAL`, as of PostgreSQL 15), whether it was committed or not; after a crash of the server the count begins anew.
    ///
    /// - Parameter table: its name in each schema. On Citus the names of shards end with a number, which are counted for it.
    /// - Returns: nil for a tenant of a database that does not count (`track_counts`).
    package func writeCounts(of table: String, deadline: UInt64) async throws -> [TenantID: Int64?] {
        var counts: [TenantID: Int64?] = [:]
        for name in databases.names {
            let scope = TransactionScope(access: .readOnly, tenant: nil, service: service, deadline: deadline)
            var parameters = Parameters()
            parameters.append(table)
            parameters.append("_\(service.schemaSuffix ?? "")")
            let rows = try await databases.pool(database: name, partition: 0).run(scope, Self.counting, parameters)
            for row in rows {
                guard let schema = TenantSchema(name: try row.string(0)), schema.service == service else { continue }
                let count = row.isNull(1) ? nil : try row.int64(1)
                // One that was moved may have rows here and there.
                counts[schema.tenantID] = .some(
                    (counts[schema.tenantID] ?? 0).flatMap { sum in count.map { sum &+ $0 } })
            }
        }
        return counts
    }

    /// OFFSET keeps the condition on names out of the join, of which PostgreSQL would think that it leaves nothing.
    private static let counting = Statement(
        """
        SELECT schema::text, CASE WHEN current_setting('track_counts')::boolean THEN (sum(pg_stat_get_tuples_inserted(id)
            + pg_stat_get_tuples_updated(id) + pg_stat_get_tuples_deleted(id)))::bigint END
        FROM (
            SELECT c.oid AS id, n.nspname AS schema
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE (c.relname = $1 OR c.relname > $1 || '_' AND c.relname < $1 || '_:') AND c.relkind = 'r' OFFSET 0
        ) AS tables WHERE right(schema, 3) = $2 GROUP BY schema
        """)
}
