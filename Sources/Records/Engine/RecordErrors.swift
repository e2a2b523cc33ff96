import AccessControl
import RPC
import Tenancy

/// Makes the errors of the record engine.
enum RecordErrors {
    static let domain = "records"

    static func invalid(_ reason: RecordReason, _ message: String, field: String? = nil) -> RPCError {
        .invalidArgument(reason.rawValue, message, field: field, domain: domain)
    }

    /// A batch is empty or too long.
    ///
    /// - Parameter method: what does the same with all records that a filter selects; nil when nothing does.
    static func batchSize(_ count: Int, of field: String, max: Int, orBy method: String? = nil) -> RPCError {
        let other = method.map { "; or have \($0) do it with all that a filter selects" } ?? ""
        return invalid(
            .batchSizeInvalid,
            "There are \(count) \(field); send 1 to \(max). For more, send several batches, as the pages of a filtered list "
                + "give them\(other).", field: field)
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

    /// Nothing can be looked for by a query.
    static func searchQuery(_ message: String) -> RPCError { invalid(.searchQueryInvalid, message, field: "query") }

    static func searchObjectUnknown(_ object: String) -> RPCError {
        invalid(
            .searchObjectUnknown,
            "\(object.quoted) is no kind of record that is found here; ListObjects tells those that you may use.",
            field: "objects")
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

    /// A request names an object that the workspace has not defined, or none.
    static func objectNotDefined(_ name: String) -> RPCError {
        let asked =
            name.isEmpty ? "Say of which object the records are" : "This workspace has no object \(name.quoted)"
        return .invalidArgument(
            RecordReason.objectNotDefined.rawValue,
            "\(asked): ListObjects tells those that you may use, as steward object list does.", field: "object",
            domain: domain)
    }

    /// Records of an object that belong to the workspace as a whole cannot be given away.
    static func objectUnowned(_ type: RecordType) -> RPCError {
        .failedPrecondition(
            RecordReason.objectUnowned.rawValue,
            "The records of \(type.object) belong to the workspace as a whole and have no owner.", domain: domain)
    }

    static func objectUnknown(_ name: String, known: [String]) -> RPCError {
        .notFound(
            RecordReason.objectUnknown.rawValue,
            "This service has no kind of records \(name.quoted) with which you may do anything; it has "
                + "\(known.isEmpty ? "none" : known.joined(separator: ", ")).",
            domain: domain, details: [("object", name.quoted)])
    }

    static func notDeleted(_ type: RecordType) -> RPCError {
        .failedPrecondition(
            RecordReason.recordNotDeleted.rawValue, "The \(type.object) is not deleted.", domain: domain)
    }

    static func permissionMissing(_ action: Action, _ type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.permissionMissing.rawValue,
            "You need the permission \(type.object).\(action.name); ask the administrator of your workspace for it.",
            domain: domain, details: [("permission", "\(type.object).\(action.name)")])
    }

    /// What is told of a mirror has a fence that does not follow the highest one that was seen.
    static func mirrorFenced(_ type: RecordType, seen fence: Int64) -> RPCError {
        .aborted(
            RecordReason.mirrorFenced.rawValue,
            "The fence does not follow \(fence), with which the mirror of \(type.plural) was told before.",
            domain: domain, details: [("fence", String(fence))])
    }

    static func mirrorForbidden() -> RPCError {
        .permissionDenied(
            RecordReason.mirrorForbidden.rawValue,
            "A mirror is told by the service whose records they are, for the workspace itself.", domain: domain)
    }

    /// The two services have not heard of the same definition yet.
    static func rollUpUnknown() -> RPCError {
        .unavailable(
            RecordReason.rollUpUnknown.rawValue,
            "This service knows no such roll-up, or another definition of it; ask again when both know the same.",
            domain: domain)
    }

    static func rollUpsForbidden() -> RPCError {
        .permissionDenied(
            RecordReason.rollUpsForbidden.rawValue,
            "Roll-ups are exchanged by services that keep records, for the workspace itself.", domain: domain)
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
            "You may not read \(type.object).\(field), so you cannot filter or sort by it, nor ask for what would tell it.",
            domain: domain,
            details: [("field", field)])
    }

    static func fieldNotWritable(_ field: String, of type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.fieldNotWritable.rawValue,
            "You may not change \(type.object).\(field); leave it out.",
            domain: domain, details: [("field", field)])
    }

    /// For those who may not read the field that it is about.
    /// - Parameter holder: who has the value, if the caller may read that record.
    static func valueTaken(_ field: RecordField, of type: RecordType, by holder: RecordID?, path: String) -> RPCError {
        let text =
            "Another \(type.object)\(holder.map { ", \($0.text)," } ?? "") has this \(field.name); "
            + "choose another value or change that record."
        let reason = RecordReason.valueTaken.rawValue
        return RPCError(
            .alreadyExists, reason: reason, domain: domain, text,
            details: [("field", field.name)] + (holder.map { [("record_id", $0.text)] } ?? []),
            fieldViolations: [FieldViolation(field: path + field.name, reason: reason, description: text)])
    }

    /// There is no way from the kind of a field to another one.
    static func fieldKindUnreachable(_ field: TenantField, _ kind: TenantField.Kind) -> RPCError {
        .failedPrecondition(
            RecordReason.fieldKindUnreachable.rawValue,
            "\(field.path) holds \(field.kind.called), and such values do not become \(kind.called).", domain: domain)
    }

    /// A call that began before has to begin again.
    static func kindChangedMeanwhile(_ field: TenantField) -> RPCError {
        .aborted(
            RecordReason.fieldBeingChanged.rawValue,
            "The kind of \(field.path) began to be changed, or was changed, while this was under way, and nothing was stored; send it again.",
            domain: domain)
    }

    /// A call between programs comes without what it is for.
    static func purposeMissing(_ purpose: Purpose) -> RPCError {
        .permissionDenied(
            RecordReason.permissionMissing.rawValue, "Only a program that works for \(purpose.name) calls this.",
            domain: domain)
    }

    static func valueTaken(_ type: RecordType, cause: (any Error)? = nil) -> RPCError {
        RPCError(
            .alreadyExists, reason: RecordReason.valueTaken.rawValue, domain: domain,
            "Another \(type.object) has a value that must be unique, in a field that you may not read. Ask somebody who may.",
            cause: cause)
    }

    /// A change that is to be taken back touched a field that the caller does not see.
    static func hiddenFieldNotWritable(_ type: RecordType) -> RPCError {
        .permissionDenied(
            RecordReason.fieldNotWritable.rawValue,
            "The change of the \(type.object) touched more than you may see; ask somebody who may to take it back.",
            domain: domain)
    }

    static func changeNotUndoable(_ type: RecordType) -> RPCError {
        .failedPrecondition(
            RecordReason.changeNotUndoable.rawValue,
            "The change set what no update of the \(type.object) sets; take it back by the method that made it.",
            domain: domain)
    }

    static func versionConflict(_ type: RecordType, current: Int64, conflict: Conflict? = nil) -> RPCError {
        let fields = conflict.map { "\($0.fields.joined(separator: ", ")) of " } ?? ""
        return .aborted(
            RecordReason.versionConflict.rawValue,
            "Somebody else changed \(fields)the \(type.object) since you read it. Read version \(current), then decide.",
            domain: domain, conflict: conflict, details: [("version", String(current))])
    }

    /// A repeated request was done before, and its answer is no longer for the caller.
    static func answerNotReadable(_ type: RecordType, id: String) -> RPCError {
        .permissionDenied(
            RecordReason.answerNotReadable.rawValue,
            "The request was done before under this request id; you may no longer read the \(type.object) \(id) of its "
                + "answer.", domain: domain, details: [("object", type.object), ("id", id)])
    }

    /// A record has the id, but it was deleted, which the caller may know.
    static func deleted(_ type: RecordType, _ id: RecordID, field: String) -> RPCError {
        let text = "The \(type.object) with this id was deleted; restore it, or choose another id."
        return RPCError(
            .alreadyExists, reason: RecordReason.recordDeleted.rawValue, domain: domain, text,
            details: [("object", type.object), ("id", id.text)],
            fieldViolations: [
                FieldViolation(field: field, reason: RecordReason.recordDeleted.rawValue, description: text)
            ])
    }

    static func referenceDeleted(_ type: RecordType, _ id: RecordID?, field: String) -> RPCError {
        .failedPrecondition(
            RecordReason.referenceDeleted.rawValue,
            "The \(type.object) that \(field) names was deleted; restore that first.", domain: domain,
            details: [("field", field), ("object", type.object)] + (id.map { [("id", $0.text)] } ?? []))
    }

    static func partsTooMany(_ type: RecordType) -> RPCError {
        let most = RecordTransaction.partCountMax
        return .failedPrecondition(
            RecordReason.partsTooMany.rawValue,
            "More than \(most) records of the kind \(type.object) go with this one; delete some of them first.",
            domain: domain, details: [("object", type.object), ("limit", String(most))])
    }

    /// A question whose answer must be whole has a longer one.
    static func recordsTooMany(_ type: RecordType, countMax: Int) -> RPCError {
        .failedPrecondition(
            RecordReason.recordsTooMany.rawValue,
            "There are more than \(countMax) records of the kind \(type.object) to show at once; list them page by page.",
            domain: domain, details: [("object", type.object), ("limit", String(countMax))])
    }

    /// The answer would not fit into a message.
    static func answerTooLong(_ message: String) -> RPCError {
        .resourceExhausted(RecordReason.answerTooLong.rawValue, message, domain: domain)
    }

    static func exportsTooMany(_ whose: String, _ limit: Int) -> RPCError {
        .resourceExhausted(
            RecordReason.exportsTooMany.rawValue,
            "The \(whose) has \(limit) exports under way, as many as may run at a time. Try again when one has ended.",
            domain: domain, retryDelay: .seconds(1), details: [("limit", String(limit)), ("of", whose)])
    }

    static func readBudgetExhausted(_ terms: ReadAccounts.Terms, _ type: RecordType) -> RPCError {
        .resourceExhausted(
            RecordReason.readBudgetExhausted.rawValue,
            "You have read \(terms.rowsMax) records today, as many as your workspace lets users read in a day, or ask for more than are left. "
                + "A new day begins at \(terms.resetTime.text). To read more, ask the administrator of your workspace for the permission "
                + "\(type.object).export or for a higher read_rows_per_day_max.",
            domain: domain,
            details: [
                ("limit", String(terms.rowsMax)), ("reset_time", terms.resetTime.text),
                ("permission", "\(type.object).export"),
            ])
    }

    static func feedCursorInvalid() -> RPCError {
        RPCError(
            .outOfRange, reason: RecordReason.feedCursorInvalid.rawValue, domain: domain,
            "The cursor is none of this feed, or its data was moved or restored since. Begin anew, from the records as they are."
        )
    }

    static func feedCursorExpired(oldest: Int64) -> RPCError {
        RPCError(
            .outOfRange, reason: RecordReason.feedCursorExpired.rawValue, domain: domain,
            "Events after the cursor are no longer kept. Begin anew, from the records as they are.",
            details: [("oldest_position", String(oldest + 1))])
    }

    /// - Parameter whose: `workspace` or `user`.
    static func watchesTooMany(_ whose: String, _ limit: Int) -> RPCError {
        .resourceExhausted(
            RecordReason.watchesTooMany.rawValue,
            "The \(whose) has \(limit) watches here already; end one of them first.", domain: domain,
            details: [("limit", String(limit)), ("of", whose)])
    }

    static func watchTooSlow(_ token: String) -> RPCError {
        .resourceExhausted(
            RecordReason.watchTooSlow.rawValue,
            "The watch took its responses too slowly, so that they are kept no more. Watch again with the token: nothing is lost.",
            domain: domain, retryDelay: .seconds(1), details: [("resume_token", token)])
    }

    static func userUnknown() -> RPCError {
        .permissionDenied(
            RecordReason.userUnknown.rawValue, "Your user is disabled or your workspace is not active.",
            domain: domain)
    }
}

extension RPCError {
    /// The same, with a path put before the names of fields.
    func placingFields(under path: String) -> RPCError {
        guard !path.isEmpty, !fieldViolations.isEmpty else { return self }
        var placed = self
        placed.fieldViolations = fieldViolations.map {
            FieldViolation(field: path + $0.field, reason: $0.reason, description: $0.description)
        }
        return placed
    }
}
