import AccessControl
import RPC
import Tenancy
import Wire

// Tags of a record (D95). Those that the caller does not see are to him not there: no answer has them, no edit changes them, no filter takes them.
extension FieldRights {
    func sees(tag id: RecordID) -> Bool { tags?.sees(id) ?? false }

    /// The tags of a record that the caller sees.
    func seenTags(of record: Message) -> [RecordID] {
        type.standard.tags.map { $0.ids(in: record).filter(sees) } ?? []
    }

    /// Takes the other ones out of a message of the type or of its shape.
    func cutTags(of record: Message) {
        guard let field = type.standard.tags, record.has(field.descriptor) else { return }
        record.setStrings(field.descriptor, seenTags(of: record).map(\.text))
    }

    /// Says whether two states of a record show the caller the same in a field.
    func areSame(_ field: RecordField, in one: Message, _ other: Message) -> Bool {
        guard field.role == .tags else { return field.isSame(in: one, other) }
        return Set(seenTags(of: one)) == Set(seenTags(of: other))
    }

    /// Throws INVALID_ARGUMENT with TAG_UNKNOWN, the same for tags that are not there and for those that the caller does not see.
    func requireSeen(_ tags: [RecordID], field: String) throws {
        guard let unknown = tags.first(where: { !sees(tag: $0) }) else { return }
        throw RecordErrors.invalid(.tagUnknown, Self.unknownTag(unknown), field: field)
    }

    static func unknownTag(_ id: RecordID) -> String {
        "There is no tag \(id.text) that you may see; steward tag list shows those that there are."
    }

    /// What is wrong with the tags of a changed record: those that it did not have before must be seen by whoever gives them.
    func violations(ofTagsIn change: RecordChange) -> [FieldViolation] {
        guard let field = type.standard.tags else { return [] }
        if let unknown = change.newReferences(field).first(where: { !sees(tag: $0) }) {
            return [
                FieldViolation(
                    field: field.name, reason: RecordReason.tagUnknown.rawValue, description: Self.unknownTag(unknown))
            ]
        }
        let count = seenTags(of: change.after).count
        // Many may have become visible at once; whoever takes some away is not refused for the rest.
        guard count > PolicyTag.perRecordMax, count > (change.before.map { seenTags(of: $0).count } ?? 0) else {
            return []
        }
        return [
            FieldViolation(
                field: field.name, reason: "TOO_MANY",
                description:
                    "A record has at most \(PolicyTag.perRecordMax) tags; this would have \(count). Take some away.")
        ]
    }
}

extension FilterResolver {
    /// A comparison with tags, decided by those that the caller sees.
    func tags(_ comparison: ResolvedComparison, place: String) throws -> ResolvedFilter {
        var tags = comparison.values.compactMap { if case .id(let id) = $0 { id } else { nil } }
        guard comparison.comparator == .isSet else {
            if let unknown = tags.first(where: { !rights.sees(tag: $0) }) {
                throw RecordErrors.filter(
                    .tagUnknown, FieldRights.unknownTag(unknown), field: comparison.target.path, place: place)
            }
            return .compare(comparison)
        }
        tags = rights.tags?.seen ?? []
        // Who sees no tag finds no record that has one.
        if tags.isEmpty { tags = [RecordID(high: 0, low: 0)] }
        return .compare(
            ResolvedComparison(target: comparison.target, comparator: .in, values: tags.map { .id($0) }))
    }
}
