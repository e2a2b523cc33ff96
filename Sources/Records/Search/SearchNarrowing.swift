import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy

/// What a search demands of records beside its query: an owner, tags.
struct SearchNarrowing {
    private let owner: RecordID?
    private let tags: [RecordID]

    /// Tags that a search may demand.
    private static let tagsMax = 10

    /// As a list it refuses to compare what the caller may not read, and tags that he does not see.
    ///
    /// - Parameter calls: on the kinds in which is searched.
    init(_ request: SearchRequest, _ calls: [RecordCall]) throws {
        owner = try request.ownerID.map { try RecordEngine.id($0, field: "owner_id") }
        guard request.tagIDs.count <= Self.tagsMax else {
            throw RecordErrors.invalid(
                .batchSizeInvalid, "There are \(request.tagIDs.count) tags; name \(Self.tagsMax) at most.",
                field: "tag_ids")
        }
        tags = try request.tagIDs.enumerated().map { try RecordEngine.id($1, field: "tag_ids[\($0)]") }
        for call in calls {
            if owner != nil { try call.type.standard.owner.map(call.rights.requireReadable) }
            guard !tags.isEmpty, let field = call.type.standard.tags else { continue }
            try call.rights.requireReadable(field)
            try call.rights.requireSeen(tags, field: "tag_ids")
        }
    }

    /// Records of the type can fulfil it: what belongs to nobody has no owner.
    func fits(_ type: RecordType) -> Bool {
        (owner == nil || type.ownership == .owned) && (tags.isEmpty || type.standard.tags != nil)
    }

    /// The terms that an entry has then.
    var terms: [Int32] { (owner.map { [SearchTerm.owner($0)] } ?? []) + tags.map { SearchTerm.tag($0) } }

    /// SQL of the same, of the records themselves.
    func conditions(_ type: RecordType, _ parameters: inout Parameters) -> [String] {
        var conditions: [String] = []
        if let owner, let column = type.standard.owner?.column {
            parameters.append(owner)
            conditions.append("\(column) = $\(parameters.count)")
        }
        if !tags.isEmpty, let column = type.standard.tags?.column {
            parameters.append(tags)
            conditions.append("\(column) @> $\(parameters.count)")
        }
        return conditions
    }
}
