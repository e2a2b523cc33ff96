import Tenancy

extension TenantSchema {
    /// Reads the name of a schema back; nil for a schema that is not a tenant's of this service.
    init?(name: String, service: ServiceName) {
        guard let suffix = service.schemaSuffix, name.hasPrefix("t_"),
            name.hasSuffix("_\(suffix)")
        else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for character in name.utf8.dropFirst(2).dropLast(3) {
            guard let digit = TenantSchema.digit(character) else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | digit
        }
        self.init(tenantID: TenantID(RecordID(high: high, low: low)), service: service)
        guard self.name == name else { return nil }
    }

    private static func digit(_ character: UInt8) -> UInt64? {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(character - UInt8(ascii: "a"))
        case UInt8(ascii: "2")...UInt8(ascii: "7"): UInt64(character - UInt8(ascii: "2") + 26)
        default: nil
        }
    }
}
