import Tenancy

/// Names a tenant's schema without its text. The owner's connections work in several schemas of one tenant, so the service
/// belongs to it.
struct SlotKey: Hashable {
    let tenantID: TenantID
    let service: ServiceName
}

/// What a connection knows of a tenant's schema that it serves.
final class TenantSlot {
    let schema: TenantSchema
    /// Name of the prepared command that takes on its role.
    let roleCommand: String
    var isRolePrepared = false
    /// The backend has taken on the role, and knows that it may.
    var isRoleKnown = false
    /// When the stamp was found right; nil before that.
    var stampCheckTime: UInt64?
    var stamp: SchemaStamp?
    /// When it was last worked in, monotonic nanoseconds.
    var lastUse: UInt64 = 0

    var key: SlotKey { SlotKey(tenantID: schema.tenantID, service: schema.service) }

    init(schema: TenantSchema, number: Int) {
        self.schema = schema
        roleCommand = "r\(number)"
    }

    func needsCheck(_ wanted: SchemaStamp, now: UInt64) -> Bool {
        guard let time = stampCheckTime, stamp == wanted else { return true }
        return now > time && now - time > SchemaStamp.ageMax
    }

    /// Fails with a division by zero, inside the pipeline and therefore before anything else happens, unless the
    /// schema's only row of `meta` is the one expected. Parameters: tenant, service, lowest and highest version.
    static let stampStatement = Statement(
        """
        SELECT 1 / count(*)::int4 FROM {schema}.meta \
        WHERE tenant_id = $1 AND service = $2 AND version BETWEEN $3 AND $4
        """)

    func stampParameters(_ stamp: SchemaStamp) -> Parameters {
        var parameters = Parameters(reservingBytes: 48)
        parameters.append(schema.tenantID.id)
        parameters.append(schema.service.rawValue)
        parameters.append(Int32(clamping: stamp.versions.lowerBound))
        parameters.append(Int32(clamping: stamp.versions.upperBound))
        return parameters
    }
}
