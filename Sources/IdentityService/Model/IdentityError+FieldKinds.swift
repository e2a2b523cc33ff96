import AccessControl
import Contracts
import RPC
import Records

// The errors of changes of a field's kind.
extension IdentityError {
    static func fieldReckoned(_ path: String) -> RPCError {
        .failedPrecondition(
            "FIELD_KIND_HELD",
            "Nobody writes \(path): its values follow from others. Add a field of the other kind with its formula or roll-up, and delete this one.",
            domain: domain)
    }

    static func fieldKindUnreachable(_ path: String, _ old: TenantField.Kind) -> RPCError {
        let ways = KindConversion.ways(from: old).map(\.called)
        let told =
            ways.isEmpty ? "become no values of another kind" : "become at once only \(ways.joined(separator: ", "))"
        return .invalidArgument(
            "FIELD_KIND_UNREACHABLE", "\(path) holds \(old.called); such values \(told).", field: "change.kind",
            domain: domain)
    }

    /// - Parameter holders: what goes by the values, and the cure, of each.
    static func fieldKindHeld(_ path: String, _ holders: [String]) -> RPCError {
        .failedPrecondition(
            "FIELD_KIND_HELD", "The kind of \(path) cannot be changed while \(holders.joined(separator: "; ")).",
            domain: domain, details: holders.map { ("holder", $0) })
    }

    /// - Parameter job: the one that changes it.
    static func fieldBeingChanged(_ path: String, job: String? = nil) -> RPCError {
        .failedPrecondition(
            "FIELD_BEING_CHANGED",
            "The kind of \(path) is being changed; wait until that has ended, or cancel it (steward field-definition cancel-kind).",
            domain: domain, details: job.map { [("job_id", $0)] } ?? [])
    }

    static func fieldNotBeingChanged(_ path: String) -> RPCError {
        .failedPrecondition("FIELD_NOT_BEING_CHANGED", "The kind of \(path) is not being changed.", domain: domain)
    }

    static func valuesUnfit(
        _ path: String, _ kind: TenantField.Kind?, _ count: Int64, _ examples: [UnfitValue]
    ) -> RPCError {
        let shown = examples.prefix(5).map { example in
            "\"\(example.value ?? "")\" (\(example.recordID ?? "")\(example.deleted == true ? ", deleted" : ""))"
        }
        let told = shown.isEmpty ? "" : ", as \(shown.joined(separator: ", "))"
        return .failedPrecondition(
            "VALUES_UNFIT",
            "\(count) records or more have a value of \(path) that is not \(kind?.called ?? "of that kind")\(told): change these first; those of deleted records count.",
            domain: domain, details: [("count", String(count))])
    }

    static let fieldKindNotChecked = RPCError.unavailable(
        "VALUES_NOT_CHECKED",
        "The service that keeps the records cannot be asked about the values now, and nothing was changed; try again.",
        domain: domain, retryDelay: .seconds(1))

    static func definitionChanged(_ read: Int64, _ current: Int64) -> RPCError {
        .aborted(
            "VERSION_CONFLICT",
            "The definition was changed: it has version \(current), and \(read) was read. Read it again, then decide.",
            domain: domain, details: [("current_version", String(current))])
    }

    /// - Parameters:
    ///   - old: the kind that the field has.
    static func kindInModel(_ path: String, _ old: TenantField.Kind?, _ new: TenantField.Kind?) -> RPCError {
        .invalidArgument(
            "FIELD_IMMUTABLE",
            "\(path) holds \(old?.called ?? "another kind"), and \(new?.called ?? "another kind") in the model. A model changes no kind: change it first by "
                + "steward field-definition change-kind, which looks at the values, or give the model the kind that there is.",
            field: "kind", domain: domain)
    }
}
