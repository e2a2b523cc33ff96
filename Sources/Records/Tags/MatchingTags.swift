import AccessControl
import RPC
import Tenancy
import Wire

/// Where a request says which tags all records that a filter selects get and lose.
struct MatchingTags: Sendable {
    private let added, removed: FieldDescriptor

    /// Nil for records without tags.
    init?(_ shape: MethodShape) throws {
        guard shape.type.standard.tags != nil else { return nil }
        added = try shape.request("add_tag_ids", repeated: true)
        removed = try shape.request("remove_tag_ids", repeated: true)
    }

    /// Nil when the request names no tags.
    ///
    /// - Throws: INVALID_ARGUMENT for what is no id, for too many, and for a tag that is both given and taken away.
    func edit(_ request: Message) throws -> TagEdit? {
        let (adding, removing) = (try ids(added, request), try ids(removed, request))
        guard !adding.isEmpty || !removing.isEmpty else { return nil }
        if let both = adding.intersection(removing).first {
            throw RecordErrors.invalid(
                .duplicate, "The tag \(both.text) is to be given and to be taken away; decide.", field: removed.name)
        }
        return TagEdit(adding: adding, removing: removing)
    }

    private func ids(_ field: FieldDescriptor, _ request: Message) throws -> Set<RecordID> {
        let texts = request.strings(field)
        guard texts.count <= PolicyTag.perRecordMax else {
            throw RecordErrors.invalid(
                .batchSizeInvalid, "There are \(texts.count) tags; name \(PolicyTag.perRecordMax) at most.",
                field: field.name)
        }
        return Set(try texts.enumerated().map { try RecordEngine.id($1, field: "\(field.name)[\($0)]") })
    }
}
