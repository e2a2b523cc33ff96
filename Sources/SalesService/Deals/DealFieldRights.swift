import AccessControl
import RPC

/// Field policies in methods that read or write fields of deals on another way than as a record.
enum DealFieldRights {
    /// Throws PERMISSION_DENIED for a field that the caller may not fully read: the answer would tell its value.
    static func requireReadable(_ fields: [String], _ access: ObjectAccess) throws {
        for field in fields where access.level(of: field) < .read {
            throw RPCError.permissionDenied(
                "FIELD_NOT_READABLE", "You may not read deal.\(field), which the answer would tell.", domain: "sales",
                details: [("field", field)])
        }
    }

    /// Throws PERMISSION_DENIED for a field that the caller may not write.
    static func requireWritable(_ fields: [String], _ access: ObjectAccess) throws {
        for field in fields where access.level(of: field) < .write {
            throw RPCError.permissionDenied(
                "FIELD_NOT_WRITABLE", "You may not change deal.\(field).", domain: "sales", details: [("field", field)])
        }
    }
}
