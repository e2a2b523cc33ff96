import AccessControl
import Contracts
package import Logging
import Postgres
package import RPC
import Synchronization
package import Tenancy
import Wire

/// Has the records that are there bear the selections of sharing rules that are new, or have another filter. Those that are written bear them at once
/// (`RecordTransaction.markSelections`).
package struct SharingKeeper: Sendable {
    private let engine: RecordEngine
    private let method: MethodDefinition
    private let purpose: Purpose
    private let logger: Logger
    /// The selections for which all records of a kind were looked at, as far as this process knows.
    private let known = Known()

    private final class Known: Sendable {
        let selections = Mutex<[TenantID: [String: Set<RecordID>]]>([:])
    }

    /// Records that a step looks at, and that it changes.
    static let (pageSize, changesMax) = (2_000, 100)
    /// How long a step goes on to the next page of children: what it has done is kept, whatever a page costs.
    private static let childrenTime = Duration.seconds(1)

    /// - Parameters:
    ///   - method: the one that is in the ledger for what it writes.
    ///   - purpose: what lets it change records.
    package init(_ engine: RecordEngine, doing method: MethodDefinition, for purpose: Purpose, logger: Logger) {
        (self.engine, self.method, self.purpose, self.logger) = (engine, method, purpose, logger)
    }

    /// Looks at the next records.
    ///
    /// - Returns: whether more is to be done.
    package func step(_ tenant: TenantID, deadline: Deadline) async throws -> Bool {
        // Who hears of no changes leaves it to others.
        try engine.policies.requireFreshForWrite()
        let policy = try await engine.policies.snapshot(of: tenant, minEpoch: 0)
        let types = policy.sharedObjects.compactMap { engine.type($0, in: policy.model) }
            .filter { $0.standard.selections != nil }
        let known = known.selections.withLock { $0[tenant] ?? [:] }
        let next = types.first {
            !(known[$0.object] ?? []).isSuperset(of: policy.sharingRules(of: $0.object).map(\.selection))
        }
        let program = TenantActor(tenant, purpose: purpose, onBehalfOf: nil)
        guard let type = next else {
            guard policy.hasFollowers else { return false }
            return try await engine.transaction(
                as: program, doing: method, deadline: deadline, logger: logger, Self.lookAtChildren)
        }
        let complete = try await engine.transaction(as: program, doing: method, deadline: deadline, logger: logger) {
            try await Self.step(type, $0)
        }
        if let complete { self.known.selections.withLock { $0[tenant, default: [:]][type.object] = complete } }
        return true
    }

    /// The workspace is closed or gone.
    package func leave(_ tenant: TenantID) { known.selections.withLock { $0[tenant] = nil } }

    /// - Returns: the selections for which all records were looked at; nil while there are more.
    private static func step(_ type: RecordType, _ transaction: RecordTransaction) async throws -> Set<RecordID>? {
        let call = try await transaction.call(type)
        let wanted = call.policy.sharingRules(of: type.object).map(\.selection)
        var place = try await SharingPlace.hold(type.object, wanted, transaction)
        if let selections = call.sharingSelections, !selections.isEmpty, let last = place.lookedTo {
            let page = try await page(after: last, selections, call, transaction)
            place.lookedCount += page.count
            place.changedCount += try await mark(page.differing, selections, call, transaction)
            place.lookedTo = page.end
            // What was written meanwhile by who did not know of the rule yet is found by a second look.
            if place.lookedTo == nil, place.changedCount > 0 { place = SharingPlace(place.selections) }
        } else {
            place.lookedTo = nil
        }
        try transaction.enqueue(place.store(type.object))
        return place.lookedTo == nil ? Set(place.selections) : nil
    }

    /// What is left of a step.
    private struct Room {
        var looked = Int64(pageSize)
        var changed = changesMax
        let end = ContinuousClock.now.advanced(by: childrenTime)

        var isLeft: Bool { looked > 0 && changed > 0 && ContinuousClock.now < end }
    }

    /// Looks at what belongs to the records that were shared otherwise: as many as a step may, each mark from where the last step came to.
    ///
    /// - Returns: whether there may be more.
    @Sendable private static func lookAtChildren(_ transaction: RecordTransaction) async throws -> Bool {
        let policy = try await transaction.currentPolicy()
        var room = Room()
        repeat {
            guard var mark = try await SharedParentMark.next(transaction) else { return false }
            room.looked -= 1
            let followers = transaction.engine.followers(of: mark.object, policy)
            if followers.isEmpty {
                // Left before the rule was taken away by which some followed.
                try transaction.enqueue(SharedParentMark.removeAll(of: mark.object))
                continue
            }
            if mark.lookedObject == nil { try transaction.enqueue(mark.removeSame()) }
            let isDone = try await look(&mark, at: followers, &room, transaction)
            try transaction.enqueue(isDone ? mark.remove() : mark.store())
        } while room.isLeft
        return true
    }

    /// - Returns: whether all children of the record were looked at. At least one page of them is.
    private static func look(
        _ mark: inout SharedParentMark, at followers: [RecordType], _ room: inout Room,
        _ transaction: RecordTransaction
    ) async throws -> Bool {
        var isFirst = true
        for type in followers where type.object >= mark.lookedObject ?? "" {
            let call = try await transaction.call(type)
            guard let paths = call.parentPaths(to: mark.object), let selections = call.sharingSelections,
                !selections.isEmpty
            else { continue }
            if mark.lookedObject != type.object { (mark.lookedObject, mark.lookedTo) = (type.object, .zero) }
            while let last = mark.lookedTo {
                guard isFirst || room.isLeft else { return false }
                isFirst = false
                let children = (paths: paths, parent: mark.record)
                let page = try await page(
                    after: last, selections, call, transaction, among: children, countMax: max(room.changed, 1))
                _ = try await Self.mark(page.differing, selections, call, transaction)
                room.looked -= page.count
                room.changed -= page.differing.count
                mark.lookedTo = page.end
            }
        }
        return true
    }

    private struct Page {
        let count: Int64
        /// The records that do not bear the selections that hold them.
        let differing: [RecordID]
        /// The last record that was looked at; nil when there are no more.
        let end: RecordID?
    }

    /// The next records of a kind, or of those that belong to one.
    private static func page(
        after last: RecordID, _ selections: SharingSelections, _ call: RecordCall, _ transaction: RecordTransaction,
        among children: (paths: ParentPaths, parent: RecordID)? = nil, countMax: Int = changesMax
    ) async throws -> Page {
        let type = call.type
        guard let column = type.standard.selections?.column else { return Page(count: 0, differing: [], end: nil) }
        let id = type.standard.id.column
        var parameters = Parameters()
        parameters.append(last)
        let differs = selections.differ(column, &parameters)
        let living = Lifetime.living.condition(type) ?? "true"
        var source = type.source
        if let children {
            parameters.append(children.parent)
            source += " JOIN (\(children.paths.children(of: "$\(parameters.count)"))) AS children ON \(id) = child_id"
        }
        let text =
            "SELECT \(id), \(differs) FROM \(source) WHERE \(id) > $1 AND \(living) ORDER BY \(id) LIMIT \(pageSize)"
        var (count, differing, end): (Int64, [RecordID], RecordID?) = (0, [], nil)
        let rows = try await transaction.query(transaction.engine.statement(text), parameters)
        for row in rows {
            end = try row.id(0)
            count += 1
            if try row.bool(1) { differing.append(try row.id(0)) }
            if differing.count == countMax { break }
            await transaction.step()
        }
        let isLast = Int(count) == rows.count && rows.count < pageSize
        return Page(count: count, differing: differing, end: isLast ? nil : end)
    }

    /// Changes records, each alone: one that its rules do not let go is left as it is, shared by no rule that it does not bear.
    ///
    /// - Returns: how many were changed.
    private static func mark(
        _ ids: [RecordID], _ selections: SharingSelections, _ call: RecordCall, _ transaction: RecordTransaction
    ) async throws -> Int64 {
        guard let field = call.type.standard.selections, !ids.isEmpty else { return 0 }
        var count: Int64 = 0
        for part in call.type.parts(of: ids) {
            let loaded = try await transaction.load(call.type, ids: part, for: .update, lifetime: .living)
            let records = try part.compactMap { try loaded[$0]?.get() }
            let found = try await transaction.selections(selections, holding: records.map(\.message), call)
            for record in records {
                let wanted = (found[record.id] ?? []).map(\.text)
                guard record.message.strings(field.descriptor) != wanted else { continue }
                let stored = try await transaction.unlessRefused(record) {
                    try await transaction.update(record, by: .program) { $0.setStrings(field.descriptor, wanted) }
                }
                if stored != nil { count += 1 }
            }
        }
        return count
    }
}

/// How far the records of a kind are looked through, and for which selections.
struct SharingPlace {
    let selections: [RecordID]
    /// The last record that was looked at; nil when all were.
    var lookedTo: RecordID?
    var lookedCount: Int64 = 0
    var changedCount: Int64 = 0

    /// Begins with the first record.
    init(_ selections: [RecordID]) { (self.selections, lookedTo) = (selections, .zero) }

    private init(_ row: Row) throws {
        (selections, lookedTo) = (try row.ids(0), try row.optionalID(1))
        (lookedCount, changedCount) = (try row.int64(2), try row.int64(3))
    }

    /// The place of a kind, held until the transaction ends: at the beginning when it was for others than the wanted ones.
    static func hold(_ object: String, _ wanted: [RecordID], _ transaction: RecordTransaction) async throws -> Self {
        try transaction.enqueue(Query(begin) { $0.append(object) })
        let row = try await transaction.query(Query(holding) { $0.append(object) }).one()
        let place = try SharingPlace(row)
        return Set(place.selections).isSuperset(of: wanted) ? place : SharingPlace(wanted)
    }

    func store(_ object: String) -> Query {
        Query(Self.storing) {
            $0.append(object)
            $0.append(selections)
            $0.append(lookedTo)
            $0.append(lookedCount)
            $0.append(changedCount)
        }
    }

    private static let begin = Statement(
        """
        INSERT INTO {schema}.sharing_places (object, selection_ids, looked_to, looked_count, changed_count)
        VALUES ($1, '{}', NULL, 0, 0) ON CONFLICT ON CONSTRAINT sharing_places_pkey DO NOTHING
        """)

    private static let holding = Statement(
        """
        SELECT selection_ids, looked_to, looked_count, changed_count FROM {schema}.sharing_places
        WHERE object = $1 FOR UPDATE
        """)

    private static let storing = Statement(
        """
        UPDATE {schema}.sharing_places
        SET selection_ids = $2, looked_to = $3, looked_count = $4, changed_count = $5 WHERE object = $1
        """)

    private static let listing = Statement(
        "SELECT selection_ids, looked_to, looked_count, changed_count, object FROM {schema}.sharing_places")

    /// Those of all kinds.
    static func all(_ engine: RecordEngine, _ context: CallContext) async throws -> [String: SharingPlace] {
        let rows = try await engine.read(context, Query(listing))
        return Dictionary(
            try rows.map { (try $0.string(4), try SharingPlace($0)) }, uniquingKeysWith: { first, _ in first })
    }
}
