import AccessControl
import RPC
import Tenancy
import Wire

/// What an edit does to the tags of a record: gives it some and takes others away. So two who tag the same record at once both have their way,
/// and tags that an editor does not see stay.
struct TagEdit: Sendable {
    let added: Set<RecordID>
    let removed: Set<RecordID>

    init(adding added: Set<RecordID>, removing removed: Set<RecordID>) { (self.added, self.removed) = (added, removed) }

    /// What makes of the tags that a record had those that it is to have. Nobody takes away what he does not see.
    init(from base: [RecordID], to wanted: [RecordID], _ rights: FieldRights) {
        self.init(
            adding: Set(wanted).subtracting(base), removing: Set(base.filter(rights.sees)).subtracting(wanted))
    }

    /// The tags that a record has afterwards, in the order in which they are stored.
    func applied(to tags: [RecordID], _ rights: FieldRights) -> [RecordID] {
        let result = Set(tags).subtracting(removed).union(added)
        // Deleted tags stay, since they may come back, as long as there is room for them.
        guard result.count > PolicyTag.keptPerRecordMax else { return result.sorted() }
        return result.filter { rights.tags?.exists($0) ?? false }.sorted()
    }
}

extension Edit {
    /// All tags that it names.
    func namedTags(of type: RecordType) -> [RecordID] {
        tags.map { $0.added.union($0.removed).sorted() } ?? type.standard.tags.map { $0.ids(in: sent) } ?? []
    }

    /// Makes the tags of a record those that the edit comes to, where it is about them.
    ///
    /// - Parameters:
    ///   - after: the record with the values that were sent.
    ///   - current: the record as it is.
    ///   - base: the tags that it had when the edit was made, where they were changed since.
    /// - Throws: INVALID_ARGUMENT with TAG_UNKNOWN, whether the record has the tag or not.
    func applyTags(to after: Message, current: Message, base: [RecordID]?, _ preparation: ChangePreparation) throws {
        let call = preparation.call
        guard let field = call.type.standard.tags, fields.contains(where: { $0.index == field.index }) else { return }
        let (present, wanted) = (field.ids(in: current), field.ids(in: sent))
        try call.rights.requireSeen(namedTags(of: call.type), field: preparation.path + field.name)
        let edit = tags ?? TagEdit(from: base ?? present, to: wanted, call.rights)
        after.setStrings(field.descriptor, edit.applied(to: present, call.rights).map(\.text))
    }
}
