import AccessControl
import Credentials
import Postgres
import RPC
import Tenancy

/// What a watcher asks for.
struct WatchQuestion {
    let filter: FilterNode?
    /// The names of a read mask.
    let mask: [String]
}

/// What a watcher asks for, as far as the rights of a moment let him see it.
struct WatchView {
    let selection: Selection
    let mask: ReadMask
    /// The same for all to whom the same records are shown in the same way, so that they share what is told, and another one when rights or
    /// question change.
    let digest: [UInt8]
    /// The same for all to whom the same tags are shown, too. Tags that somebody sees besides, or does not see any more, are no reason to begin
    /// anew: he is told of them with the next change of each record.
    let digestWithTags: [UInt8]

    /// From when on the same policy may show less; nil for never.
    let end: Timestamp?

    var call: RecordCall { selection.call }

    /// - Throws: PERMISSION_DENIED for a field in the filter that the caller may not fully read, INVALID_ARGUMENT for a wrong filter, or
    ///   one by records of another service (FILTER_NOT_WATCHABLE).
    init(_ question: WatchQuestion, _ call: RecordCall, _ engine: RecordEngine) throws {
        let filter = try engine.resolve(question.filter, call)
        if let field = filter?.mirroredReference { throw Self.notWatchable(field, call.type) }
        selection = Selection(call: call, filter: filter, lifetime: .living, action: .read)
        // Of the fields of now: one that was deleted meanwhile is not told any more.
        mask = ReadMask(question.mask, asFarAsKnownTo: call.type)
        digest = Self.digest(selection, mask)
        end = call.sharingEnd
        let isTagged = call.type.standard.tags.map(mask.includes) ?? false
        digestWithTags =
            isTagged ? TokenDigest.sha256(digest + (call.rights.tags?.seen.flatMap(\.bytes) ?? [])) : digest
    }

    /// A record of another service that changes is no event of this one: records would come into the selection and leave it unnoticed.
    private static func notWatchable(_ field: RecordField, _ type: RecordType) -> RPCError {
        RecordErrors.invalid(
            .filterNotWatchable,
            "What \(field.name) names is of another service, whose changes a watch of \(type.plural) does not follow. Watch by fields of "
                + "\(type.object), or list again from time to time.", field: "filter")
    }

    /// Of the condition with its values, and of what is shown of each field.
    private static func digest(_ selection: Selection, _ mask: ReadMask) -> [UInt8] {
        let call = selection.call
        var parameters = Parameters()
        let condition = selection.condition(&parameters)
        let shown = call.type.fields.map { field in
            mask.includes(field) ? UInt8(min(call.rights.level(of: field), .read).rawValue) : UInt8.max
        }
        return TokenDigest.sha256(
            Array(call.type.object.utf8) + [0] + shown
                + call.type.customFields.flatMap { Array("\($0.key) \($0.name) ".utf8) }
                + Array(condition.utf8) + [0] + parameters.framedBytes)
    }
}
