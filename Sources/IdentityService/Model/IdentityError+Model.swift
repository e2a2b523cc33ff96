import AccessControl
import RPC
import Records
import Tenancy

// The errors of models as a whole.
extension IdentityError {
    static func roleUnknown(_ name: String, field: String) -> RPCError {
        .invalidArgument(
            "ROLE_UNKNOWN", "There is no role \(name); name one that is there, or add it to the roles of the model.",
            field: field, domain: domain)
    }

    static func viewNotShared(_ place: String) -> RPCError {
        .invalidArgument(
            "VIEW_NOT_SHARED",
            "A view of a model is read by everybody or by who has a role; set shared_with_all or shared_roles.",
            field: place, domain: domain)
    }

    /// The one who applies a model owns the views that it makes.
    static func ownViewInModel(_ name: String) -> RPCError {
        let text =
            "You keep a view of your own called \(name), which neither everybody nor a role reads; give it, or the one in the model, another name."
        return RPCError(
            .alreadyExists, reason: "VIEW_NAME_TAKEN", domain: domain, text,
            fieldViolations: [FieldViolation(field: "display_name", reason: "VIEW_NAME_TAKEN", description: text)])
    }

    /// - Parameter last: the version that is the last one.
    static func modelVersionConflict(_ wanted: Int64, last: ModelVersion?) -> RPCError {
        let told =
            last.map {
                "Version \($0.number) is the last, made at \($0.time.text) by user \($0.user?.text ?? "unknown")"
            }
            ?? "No model was applied"
        return .aborted(
            "MODEL_VERSION_CONFLICT",
            "\(told); you named \(wanted). Look at what was changed, as steward model versions tells, then decide.",
            domain: domain,
            details: [("version", String(wanted)), ("last_version", String(last?.number ?? 0))]
                + (last?.user.map { [("user_id", $0.text)] } ?? []))
    }

    /// - Parameter standing: the last one that could be undone.
    static func modelVersionUnknown(_ wanted: Int64?, standing: Int64?) -> RPCError {
        guard let standing else {
            return .failedPrecondition(
                "MODEL_VERSION_UNKNOWN", "No application of a model is left that could be undone.", domain: domain)
        }
        return .aborted(
            "MODEL_VERSION_CONFLICT",
            "The last version that stands is \(standing), and only that one is undone; you named \(wanted ?? 0). Look at what was changed, as steward model versions tells, then decide.",
            domain: domain, details: [("version", String(wanted ?? 0)), ("last_version", String(standing))])
    }

    /// - Parameter uses: what would be lost, with how many records, to a bound.
    static func modelInUse(_ uses: [(name: String, count: Int64)]) -> RPCError {
        let most = ModelUseMethods.countMax
        // Of several fields of an object the first records are counted that have a value in any.
        let isCut = uses.reduce(0) { $0 + $1.count } >= most
        let told = uses.map { "\($0.name) (\($0.count)\(isCut ? " or more" : ""))" }.joined(separator: ", ")
        return .failedPrecondition(
            "MODEL_IN_USE",
            "Records would be lost, or values of records: \(told). Keep what is in use: delete the rest by hand, or take the records and values away first; deleted records count until they are purged.",
            domain: domain, details: uses.map { ("use", "\($0.name) \($0.count)") })
    }

    static let modelNotCounted = RPCError.unavailable(
        "MODEL_USES_NOT_COUNTED",
        "The service that keeps the records cannot be asked whether something would be lost. Try again.",
        domain: domain,
        retryDelay: .seconds(1))

    static func modelChangedSince(_ name: String, _ fields: [String]) -> RPCError {
        .aborted(
            "MODEL_CHANGED",
            "\(name) was changed since: \(fields.joined(separator: ", ")). Undoing would take that away, too; change it back, or take it out by hand.",
            domain: domain, details: [("name", name)] + fields.map { ("field", $0) })
    }

    static func displayFieldUnknown(_ name: String, field: String) -> RPCError {
        .invalidArgument(
            "DISPLAY_FIELD_UNKNOWN",
            "The object has no field \(TenantField.prefix)\(name); add it first, then name it.",
            field: field, domain: domain)
    }

    static func fieldNamesRecords(_ field: String) -> RPCError {
        .failedPrecondition(
            "FIELD_IN_USE", "\(field) gives the records of its object their names, and goes with the object alone.",
            domain: domain)
    }

    static func displayFieldUnfit(_ name: String, field: String) -> RPCError {
        .invalidArgument(
            "DISPLAY_FIELD_UNFIT",
            "\(TenantField.prefix)\(name) gives no record a name: take a field that is a line of text, a choice, a number or a date.",
            field: field, domain: domain)
    }
}

/// A version of the model, as errors tell it.
struct ModelVersion {
    let number: Int64
    let time: Timestamp
    let user: RecordID?
}
