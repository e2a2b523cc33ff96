/// The types that parameters are bound as. The raw value is the type's oid in pg_type, which is fixed for built-in types.
package enum PostgresType: UInt32, Sendable, Hashable {
    case bool = 16
    case bytea = 17
    case int8 = 20
    case int2 = 21
    case int4 = 23
    case text = 25
    case float8 = 701
    case int4Array = 1007
    case textArray = 1009
    case int8Array = 1016
    case date = 1082
    case timestamptz = 1184
    case uuid = 2950
    case uuidArray = 2951
    case jsonb = 3802
    case jsonbArray = 3807
}

/// Where PostgreSQL begins to count time: 2000-01-01T00:00:00Z.
enum PostgresEpoch {
    /// Microseconds from 1970 to 2000.
    static let microsecondsSince1970: Int64 = 946_684_800_000_000
    /// Days from 1970 to 2000.
    static let daysSince1970 = 10_957
}
