import AccessControl
package import Contracts
import Postgres
package import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// Search of a service: over all kinds of records that the caller may read. Two or three round trips: entries, more entries where those are few, the
/// records themselves, which decide.
package struct SearchMethod: Sendable {
    static let rowCost = RowCost(countIncluded: 50, countPerUnit: 16)
    /// Of its questions, beside what every call costs.
    private static let questionCost: UInt32 = 4
    private static let (pageSizeDefault, pageSizeMax) = (20, 100)
    /// With fewer records, words with two mistakes are looked for, too: they have many forms.
    private static let fewMax = 10
    /// Records that are looked at.
    private static let candidateCountMax = 400

    private let engine: RecordEngine
    private let keeper: SearchKeeper

    package init(_ engine: RecordEngine) {
        self.engine = engine
        keeper = SearchKeeper(engine)
    }

    package func register(_ service: SearchServiceOf, on router: inout Router) { router.serve(service.search, search) }

    private func search(_ request: SearchRequest, _ context: CallContext) async throws -> SearchResponse {
        let shapes = try await shapes(request, context)
        let size = Int(request.pageSize ?? Int32(Self.pageSizeDefault))
        guard (1...Self.pageSizeMax).contains(size) else {
            throw RecordErrors.invalid(
                .pageSizeInvalid, "page_size is \(size); it must be from 1 to \(Self.pageSizeMax).", field: "page_size")
        }
        let narrowing = try SearchNarrowing(request, shapes.map(\.call))
        let pattern = try SearchPattern(request.query ?? "")
        context.cost += Self.questionCost
        do {
            var finding = Finding(engine, context, shapes, pattern, narrowing)
            try await finding.ask([pattern.exact, pattern.whole, pattern.beginning])
            var isTimeUp = false
            if finding.entries.count < size, !pattern.isPhone {
                isTimeUp = try await !finding.askAsWell([pattern.alike, pattern.some])
                if !isTimeUp, finding.entries.count < Self.fewMax {
                    isTimeUp = try await !finding.askAsWell([pattern.farther])
                }
            }
            let candidates = try await finding.read(Self.candidateCountMax)
            let isBuilding = try await keeper.isBuilding(try context.requireTenantActor(), context.deadline)
            let best = Self.ranked(candidates, pattern)
            let hits = try await hits(best, size, request, pattern, shapes)
            Self.rowCost.charge(candidates.count, to: context)
            return SearchResponse(
                hits: hits, sampled: finding.isSample ? true : nil, timeUp: isTimeUp ? true : nil,
                indexBuilding: isBuilding ? true : nil,
                budgetSpent: hits.count < min(size, candidates.count) ? true : nil)
        } catch {
            throw DatabaseErrors.translate(error, nil)
        }
    }

    /// What the caller may search.
    ///
    /// - Throws: INVALID_ARGUMENT with SEARCH_OBJECT_UNKNOWN; PERMISSION_DENIED for kinds that he asks for and may not read, and for who may read none.
    private func shapes(_ request: SearchRequest, _ context: CallContext) async throws -> [ReadableShape] {
        let types = engine.types(in: try await engine.model(context)).filter { $0.searched != nil }
        if let unknown = request.objects.first(where: { object in !types.contains { $0.object == object } }) {
            throw RecordErrors.searchObjectUnknown(unknown)
        }
        guard let first = types.first else { return [] }
        let call = try await engine.open(context, first, writes: false)
        let calls = try types.filter { request.objects.isEmpty || request.objects.contains($0.object) }.map(call.with)
        let readable = calls.filter { $0.may(.read) }
        if let refused = calls.first(where: { !$0.may(.read) }), !request.objects.isEmpty || readable.isEmpty {
            throw RecordErrors.permissionMissing(.read, refused.type)
        }
        return readable.compactMap(ReadableShape.init)
    }

    private static func ranked(
        _ candidates: [SearchCandidate], _ pattern: SearchPattern
    ) -> (ranking: SearchRanking, candidates: [(candidate: SearchCandidate, score: Double)]) {
        let ranking = SearchRanking(pattern, among: candidates)
        let scored = candidates.map { (candidate: $0, score: ranking.score($0)) }
        // Of what fits equally well the newest first.
        let sorted = scored.sorted { ($0.score, $0.candidate.id) > ($1.score, $1.candidate.id) }
        return (ranking, sorted)
    }

    /// The best, as far as the caller's budgets of rows go.
    private func hits(
        _ ranked: (ranking: SearchRanking, candidates: [(candidate: SearchCandidate, score: Double)]), _ size: Int,
        _ request: SearchRequest, _ pattern: SearchPattern, _ shapes: [ReadableShape]
    ) async throws -> [SearchHit] {
        let best = ranked.candidates.prefix(size)
        var left: [String: Int] = [:]
        for shape in shapes {
            let object = shape.shape.type.object
            let count = best.count { $0.candidate.object == object }
            left[object] = count == 0 ? 0 : try await engine.readBudget.take(atMost: count, shape.call)
        }
        return best.compactMap { candidate, score in
            guard let rest = left[candidate.object], rest > 0 else { return nil }
            left[candidate.object] = rest - 1
            return SearchHit(
                object: candidate.object, id: candidate.id.text, title: candidate.title, score: score,
                matches: candidate.matches,
                reasons: request.explain == true ? ranked.ranking.reasons(candidate, pattern) : [])
        }
    }
}

/// What one call finds.
private struct Finding {
    let engine: RecordEngine
    let context: CallContext
    let shapes: [ReadableShape]
    let pattern: SearchPattern
    let narrowing: SearchNarrowing
    /// Each once, in the order of the questions.
    private(set) var entries: [FoundEntry] = []
    private(set) var isSample = false
    private var known: Set<FoundEntry> = []

    /// Terms that cost as much as the least call.
    private static let termsPerCost = 500
    /// Terms of one statement, of several kinds of records: what an index is asked for takes the longer the more there are, and twice as many take four
    /// times as long.
    private static let termsMax = 2_000
    /// What is left of a call's time for reading what was found.
    private static let timeForReading = Duration.milliseconds(200)

    init(
        _ engine: RecordEngine, _ context: CallContext, _ shapes: [ReadableShape], _ pattern: SearchPattern,
        _ narrowing: SearchNarrowing
    ) {
        (self.engine, self.context, self.pattern, self.narrowing) = (engine, context, pattern, narrowing)
        self.shapes = shapes.filter { narrowing.fits($0.shape.type) }
    }

    /// Asks these questions of the entries in one round trip.
    mutating func ask(_ questions: [(ReadableShape) -> SearchGroups]) async throws {
        _ = try await ask(questions, isNeeded: true, deadline: context.deadline.nanoseconds)
    }

    /// The same of questions that may be left out: where there is no time for them, and, of many kinds of records, for those that have too many terms
    /// together.
    ///
    /// - Returns: whether all was asked.
    mutating func askAsWell(_ questions: [(ReadableShape) -> SearchGroups]) async throws -> Bool {
        let time = context.deadline.remaining - Self.timeForReading
        guard time > .zero else { return false }
        do {
            return try await ask(questions, isNeeded: false, deadline: Deadline.after(time).nanoseconds)
        } catch let error as PostgresError where [.readTimeout, .queryCanceled].contains(error.kind) {
            try Task.checkCancellation()
            return false
        }
    }

    private mutating func ask(
        _ questions: [(ReadableShape) -> SearchGroups], isNeeded: Bool, deadline: UInt64
    ) async throws -> Bool {
        var (asked, isWhole): ([SearchQuestion], Bool) = ([], true)
        for groups in questions {
            for scope in SearchScope.all(shapes) {
                let (statements, isAll) = await parts(of: scope, groups, isNeeded: isNeeded)
                context.cost += UInt32(statements.reduce(0) { $0 + $1.termCount } / Self.termsPerCost)
                asked += statements.compactMap { scope.question($0, narrowing) }
                isWhole = isWhole && isAll
            }
        }
        let statements = asked.map { question in
            let (text, parameters) = question.query
            return (engine.scan(text), parameters)
        }
        for rows in try await run(statements, deadline: deadline) {
            let (found, isSample) = try SearchQuestion.read(rows)
            self.isSample = self.isSample || isSample
            entries += found.filter { known.insert($0).inserted }
        }
        return isWhole
    }

    /// What is asked for the kinds of records in a scope: together, as long as one statement takes that. What is not needed is one statement at most.
    private func parts(
        of scope: SearchScope, _ groups: (ReadableShape) -> SearchGroups, isNeeded: Bool
    ) async -> (parts: [SearchGroups], isAll: Bool) {
        var (parts, pace): ([SearchGroups], Pace) = ([[]], Pace())
        for shape in scope.shapes {
            let more = groups(shape)
            let count = parts[parts.count - 1].termCount
            if count > 0, count + more.termCount > Self.termsMax {
                guard isNeeded else { return (parts, false) }
                parts.append([])
            }
            parts[parts.count - 1].join(more)
            await pace.step()
        }
        return (parts, true)
    }

    /// The records of the first entries, as the caller may read them, in which something is found.
    func read(_ countMax: Int) async throws -> [SearchCandidate] {
        let wanted = Dictionary(grouping: entries.prefix(countMax), by: \.object)
        let readers = shapes.compactMap { shape in
            wanted[shape.shape.type.object].map { SearchReader(shape, $0.map(\.id), narrowing) }
        }
        let answers = try await run(
            readers.map { (engine.statement($0.text), $0.parameters) }, deadline: context.deadline.nanoseconds)
        let matcher = SearchMatcher(pattern)
        var pace = Pace()
        var candidates: [SearchCandidate] = []
        for (reader, rows) in zip(readers, answers) {
            candidates += try await pace.map(rows) { try reader.candidate($0, matcher, in: context.arena) }
                .compactMap(\.self)
        }
        return candidates
    }

    private func run(_ statements: [(Statement, Parameters)], deadline: UInt64) async throws -> [Rows] {
        guard let call = shapes.first?.call, !statements.isEmpty else { return [] }
        return try await engine.database.batch(
            call.actor, at: engine.place(of: call), deadline: deadline, access: .snapshot, statements)
    }
}
