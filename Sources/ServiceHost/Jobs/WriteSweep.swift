import Tenancy

/// Finds the workspaces in which something was written since the sweep before, by PostgreSQL's counts of written rows: whatever another instance
/// wrote before it died is found so, and a workspace in which nothing happens costs nothing.
struct WriteSweep {
    private var last: [TenantID: Int64?] = [:]

    /// - Returns: those whose count is another one or not kept, or that were not there.
    mutating func changed(_ counts: [TenantID: Int64?]) -> [TenantID] {
        defer { last = counts }
        return counts.compactMap { tenant, count in
            guard let count, last[tenant] == .some(.some(count)) else { return tenant }
            return nil
        }
    }
}
