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

    /// Nil for any other name.
    package init?(name: String) {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, let id = TenantSchema.id(base32: parts[1]),
            let service = ServiceName.allCases.first(where: { $0.schemaSuffix.map { $0 == parts[2] } == true }),
            let schema = TenantSchema(tenantID: TenantID(id), service: service), schema.name == name
        else { return nil }
        self = schema
    }

    /// Name of the role that owns the grants on the schema. A session has it while it serves the tenant (D49).
    package var role: String { name }

    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    private static func id(base32 text: Substring) -> RecordID? {
        var (high, low): (UInt64, UInt64) = (0, 0)
        for byte in text.utf8 {
            guard let digit = alphabet.firstIndex(of: byte) else { return nil }
            (high, low) = (high << 5 | low >> 59, low << 5 | UInt64(digit))
        }
        return text.utf8.count == 26 ? RecordID(high: high, low: low) : nil
    }

    /// RFC 4648 base 32 in lower case without padding: 26 characters, the first of which carries 3 bits.
    private static func base32(_ id: RecordID) -> String {
        String(unsafeUninitializedCapacity: 26) { buffer in
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
