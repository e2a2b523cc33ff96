/// The PostgreSQL schema that holds one tenant's data of one service, and the role that may touch it. The name is opaque
/// and never changes: `t_`, the tenant id in base 32, `_`, and two letters for the service. It consists of lower-case
/// letters, digits and underscores only, so it never needs quoting. Only this type fills the schema slot of a statement.
package struct TenantSchema: Hashable, Sendable {
    package let tenantID: TenantID
    package let service: ServiceName
    /// Name of the schema, 31 characters.
    package let name: String

    /// Fails for a program that keeps no data.
    package init?(tenantID: TenantID, service: ServiceName) {
        guard let suffix = service.schemaSuffix else { return nil }
        self.tenantID = tenantID
        self.service = service
        name = "t_\(TenantSchema.base32(tenantID.id))_\(suffix)"
    }

    /// Name of the role that owns the grants on the schema. A session has it while it serves the tenant (D49).
    package var role: String { name }

    /// RFC 4648 base 32 in lower case without padding: 26 characters, the first of which carries 3 bits.
    private static func base32(_ id: RecordID) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        return String(unsafeUninitializedCapacity: 26) { buffer in
            var (high, low) = (id.high, id.low)
            for position in stride(from: 25, through: 0, by: -1) {
                buffer[position] = alphabet[Int(low & 31)]
                low = low >> 5 | high << 59
                high >>= 5
            }
            return 26
        }
    }
}
