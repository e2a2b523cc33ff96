import Postgres
package import Tenancy

extension RecordTransaction {
    /// Waits for the other transactions that count what is somebody's, and keeps them off until this one ends: of two that count at once each
    /// would see room. Taken where the schema is, since a lock is of one node. It bounds numbers, and guards nothing that has to be right.
    package func takeTurn(of id: RecordID) async throws {
        var parameters = Parameters()
        parameters.append(id.bytes.suffix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) })
        _ = try await query(Self.takingTurn, parameters)
    }

    private static let takingTurn = Statement("SELECT pg_advisory_xact_lock($1) FROM {schema}.meta")
}
