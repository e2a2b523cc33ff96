import IdentityContracts
import Wire

/// What was found of names that stand for ids.
struct KnownReferences {
    typealias Path = ReferenceResolver.Path

    /// A record that a value may mean.
    private struct Candidate {
        let id: String
        /// The ids of other records that it names itself, as pipeline_id of a stage.
        let references: [String: String]
        /// For a choice between several.
        let text: String
    }

    /// All records that a value may mean.
    private struct Found {
        var candidates: [Candidate] = []
        /// There are more than these.
        var isCut = false
    }

    /// By the values that were looked up. Bounded: an import may hold any number of values.
    private var found: [Path: [String: Found]] = [:]
    /// Values and what they may mean.
    private static let keptMax = 20_000
    private static let candidatesShown = 5

    /// Nothing is known of this kind of records any more.
    mutating func forget(_ noun: RecordNoun) {
        for path in found.keys where [noun.name, noun.key].contains(path.noun) { found[path] = nil }
    }

    /// Those of the values that are no ids and not known yet, in order. Makes room for them.
    mutating func missing(among values: Set<String>, _ path: Path) -> [String] {
        let kept = found[path, default: [:]].values.reduce(0) { $0 + 1 + $1.candidates.count }
        if kept > Self.keptMax { found[path] = nil }
        return values.map(\.trimmed).filter { !Self.isID($0, path) && found[path]?[$0] == nil }.sorted()
    }

    /// What these values may mean is known from now on.
    mutating func note(_ named: [String: NamedRecords.Named], _ path: Path, _ noun: RecordNoun) {
        for (value, named) in named {
            let candidates = named.records.map { Self.candidate($0, noun) }
            found[path, default: [:]][value] = Found(candidates: candidates, isCut: named.isCut)
        }
    }

    /// The value means this record, whatever it is called.
    mutating func note(_ value: String, id: String, _ path: Path) {
        found[path, default: [:]][value] = Found(candidates: [Candidate(id: id, references: [:], text: id)])
    }

    /// The id of the record that a value means.
    /// - Parameter known: ids that the record to be written has in its other fields. Of several stages that are named Won the
    ///   one of its pipeline is meant.
    func id(of value: String, _ path: Path, known: [String: String] = [:]) throws(UsageProblem) -> String {
        let value = value.trimmed
        if Self.isID(value, path) { return value }
        let found = found[path]?[value] ?? Found()
        let all = found.candidates
        let fitting =
            all.count < 2
            ? all
            : all.filter { candidate in
                candidate.references.allSatisfy { known[$0.key] == nil || known[$0.key] == $0.value }
            }
        // Of more than are known others may fit as well.
        if let only = fitting.first, fitting.count == 1, !found.isCut { return only.id }
        let what = path.field.map { "\($0) = \(value)" } ?? "the name \(value)"
        guard !all.isEmpty else {
            throw UsageProblem(
                "no \(path.noun) that you may see has \(what)",
                cure:
                    "create it first, or check the spelling: steward \(path.noun) list; --deleted shows deleted ones too"
            )
        }
        let shown = all.prefix(Self.candidatesShown).map(\.text).joined(separator: "; ")
        let more = all.count > Self.candidatesShown ? "; …" : ""
        throw UsageProblem(
            "several records have this: \(path.noun) with \(what): \(shown)\(more)",
            cure: "give \(path.target) with one of these ids")
    }

    /// An id is given where a name may be.
    private static func isID(_ value: String, _ path: Path) -> Bool { path.field == nil && RecordNouns.isID(value) }

    /// The fields that a candidate is made of, beside its id.
    static func told(of noun: RecordNoun) -> [String] {
        // Records of an object of the workspace's own may have no owner, department or number.
        noun.isOwn ? noun.label : shown(of: noun) + references(of: noun).map(\.name)
    }

    private static func shown(of noun: RecordNoun) -> [String] {
        Array(noun.columns.filter { $0 != "id" && noun.record.field($0) != nil }.prefix(3))
    }

    private static func references(of noun: RecordNoun) -> [FieldDescriptor] {
        noun.record.fields.filter { $0.name.hasSuffix("_id") }
    }

    private static func candidate(_ record: Message, _ noun: RecordNoun) -> Candidate {
        func text(_ name: String) -> String { noun.record.field(name).map { FieldText.text($0, of: record) } ?? "" }
        let references = Self.references(of: noun).filter { record.has($0) }
        let shown = Self.shown(of: noun).map(text).filter { !$0.isEmpty }.joined(separator: ", ")
        return Candidate(
            id: text("id"),
            references: Dictionary(uniqueKeysWithValues: references.map { ($0.name, record.string($0) ?? "") }),
            text: "\(text("id")) (\(shown))")
    }
}
