import AccessControl
import RPC

/// Makes the errors of the record engine.
enum RecordErrors {
    static let domain = "records"

    static func invalid(_ reason: RecordReason, _ message: String, field: String? = nil) -> RPCError {
        .invalidArgument(reason.rawValue, message, field: field, domain: domain)
    }

    /// A filter is wrong; `field` is the path in the filter or the compared field.
    static func filter(
        _ reason: RecordReason, _ message: String, field: String, place: String? = nil
    ) -> RPCError {
        .invalidArgument(
            reason.rawValue, message,
            field: place.flatMap { $0.hasPrefix("position") ? "filter_expression" : $0 } ?? field,
            domain: domain, details: [("field", field)] + (place.map { [("place", $0)] } ?? []))
    }

    static func syntax(_ error: FilterSyntaxError) -> RPCError {
        .invalidArgument(
            RecordReason.filterSyntax.rawValue, "At character \(error.position): \(error.message).",
            field: "filter_expression", domain: domain, details: [("position", String(error.position))])
    }

    static func notFound(_ type: RecordType, id: String) -> RPCError {
        .notFound(
            RecordReason.recordNotFound.rawValue,
            "There is no \(type.object) with the id \(id) that you may see.",
            domain: domain, details: [("object", type.object), ("id", id)])
    }

    static func permissionMissing(_ action: Action, _ type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.permissionMissing.rawValue,
            "You need the permission \(type.object).\(action.name); ask the administrator of your workspace for it.",
            domain: domain, details: [("permission", "\(type.object).\(action.name)")])
    }

    static func outOfScope(_ action: Action, _ type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.recordOutOfScope.rawValue,
            "Your permission \(type.object).\(action.name) does not cover a record of this owner and department.",
            domain: domain, details: [("permission", "\(type.object).\(action.name)")])
    }

    static func fieldNotReadable(_ field: String, of type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.fieldNotReadable.rawValue,
            "You may not read \(type.object).\(field), so you cannot filter or sort by it.", domain: domain,
            details: [("field", field)])
    }

    static func fieldNotWritable(_ field: String, of type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.fieldNotWritable.rawValue,
            "You may not change \(type.object).\(field); leave it out.",
            domain: domain, details: [("field", field)])
    }

    static func versionConflict(_ type: RecordType, current: Int64, conflict: Conflict? = nil) -> RPCError {
        let fields = conflict.map { " of \($0.fields.joined(separator: ", "))" } ?? ""
        return .aborted(
            RecordReason.versionConflict.rawValue,
            "Somebody else changed the \(type.object)\(fields) since you read it. Read version \(current), then decide.",
            domain: domain, conflict: conflict, details: [("version", String(current))])
    }

    /// A repeated request was done before, and its answer is no longer for the caller.
    static func answerNotReadable(_ type: RecordType, id: String) -> RPCError {
        .permissionDenied(
            RecordReason.answerNotReadable.rawValue,
            "The request was done before under this request id; you may no longer read the \(type.object) \(id) of its "
                + "answer.", domain: domain, details: [("object", type.object), ("id", id)])
    }

    /// The answer would not fit into a message.
    static func answerTooLong(_ message: String) -> RPCError {
        .resourceExhausted(RecordReason.answerTooLong.rawValue, message, domain: domain)
    }

    static func userUnknown() -> RPCError {
        .permissionDenied(
            RecordReason.userUnknown.rawValue, "Your user is disabled or your workspace is not active.",
            domain: domain)
    }
}
