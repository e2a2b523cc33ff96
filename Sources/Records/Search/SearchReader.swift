import AccessControl
import Contracts
import Postgres
import Tenancy
import Wire

/// Reads records for a search: of the living ones within the caller's scope the fields that he may read.
struct SearchReader {
    private let readable: ReadableShape
    /// The id first.
    private let fields: [RecordField]
    let text: String
    let parameters: Parameters

    init(_ readable: ReadableShape, _ ids: [RecordID], _ narrowing: SearchNarrowing) {
        let type = readable.shape.type
        let declared = readable.fields.filter { $0.rest == nil && !$0.field.isCustom }.map(\.field)
        let custom = readable.fields.contains { $0.field.isCustom } ? type.customColumn : nil
        fields = [type.standard.id] + declared + (custom.map { [$0] } ?? [])
        var parameters = Parameters()
        parameters.append(ids)
        var conditions = ["\(type.standard.id.column) = ANY ($1)"]
        if let living = Lifetime.living.condition(type) { conditions.append(living) }
        if let scope = readable.call.predicate(.read).condition(readable.call, &parameters) { conditions.append(scope) }
        conditions += narrowing.conditions(type, &parameters)
        let columns = fields.flatMap(\.columns).joined(separator: ", ")
        text = "SELECT \(columns) FROM \(type.source) WHERE \(conditions.joined(separator: " AND "))"
        (self.readable, self.parameters) = (readable, parameters)
    }

    func candidate(_ row: Row, _ matcher: SearchMatcher, in arena: Arena) throws -> SearchCandidate? {
        let record = Message.make(readable.shape.type.message, in: arena)
        var column = 0
        for field in fields {
            try field.read(row, column, into: record)
            column += field.columns.count
        }
        return matcher.candidate(record, id: try row.id(0), readable)
    }
}

extension SearchCandidate {
    /// Where something was found: each field once, what is found best first.
    var matches: [SearchMatch] {
        var best: [(match: SearchMatch, worth: Double)] = []
        for value in values {
            let found = ([value.exact] + value.words + value.joined).compactMap(\.self)
            guard let first = found.max(by: { $0.worth < $1.worth }) else { continue }
            let match = SearchMatch(
                field: value.field.name, value: value.text,
                highlights: Self.joined(found.flatMap(\.places)).map {
                    SearchRange(start: Int32($0.lowerBound), length: Int32($0.count))
                }, kind: first.kind)
            let worth = first.worth * value.weight
            if let place = best.firstIndex(where: { $0.match.field == match.field }) {
                if best[place].worth < worth { best[place] = (match, worth) }
            } else {
                best.append((match, worth))
            }
        }
        return best.sorted { $0.worth > $1.worth }.map(\.match)
    }

    /// In order, and without what overlaps.
    private static func joined(_ places: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for place in places.sorted(by: { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }) {
            if let last = joined.last, last.upperBound >= place.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
            } else {
                joined.append(place)
            }
        }
        return joined
    }
}

extension WordMatch {
    fileprivate var worth: Double { kind == .exact ? 2 : likeness }
}
