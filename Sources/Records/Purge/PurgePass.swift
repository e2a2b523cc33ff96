import Contracts
import Postgres
import Tenancy

/// A step of a purge through records of one kind: finds those that are due, keeps those that are in use, removes the rest.
struct PurgePass {
    let kind: PurgeKind
    var report: JobReport
    let transaction: RecordTransaction

    /// A deleted record that is due, or a part of one.
    private struct Row: Hashable {
        let id: RecordID
        let version: Int64
    }

    /// Why a record stays.
    enum Reason: String {
        /// Something names it.
        case inUse = "RECORD_IN_USE"
        /// The database does not take it for old enough, or the feed still tells of it.
        case tooNew = "RECORD_TOO_NEW"
    }

    /// What a step of a kind has before it.
    private struct Due {
        var rows: [(row: Row, time: Timestamp)] = []
        /// Of each part of the kind those that go with one.
        var parts: [[RecordID: [Row]]] = []
        var kept: [RecordID: Reason] = [:]
    }

    /// Does the next records, and says whether they were the last.
    mutating func run(_ place: inout PurgePlace) async throws -> Bool {
        var due = Due()
        due.rows = try await rows(place)
        guard !due.rows.isEmpty else { return true }
        let isLast = due.rows.count < Purge.recordsAtOnce
        try await findParts(&due)
        try await findKept(&due)
        let (removed, countDone) = try await choose(due)
        for (row, _) in due.rows.prefix(countDone) {
            if let reason = due.kept[row.id] { report.keep(place.object, reason.rawValue) }
        }
        try await remove(removed, due)
        if !removed.isEmpty { place.hasRemoved = true }
        place.last = due.rows.prefix(countDone).last.map { PurgePlace.Record(time: $0.time, id: $0.row.id) }
        return isLast && countDone == due.rows.count
    }

    private func rows(_ place: PurgePlace) async throws -> [(row: Row, time: Timestamp)] {
        var parameters = Parameters()
        parameters.append(place.before)
        parameters.append(Purge.recordsAtOnce)
        if let last = place.last {
            parameters.append(last.time)
            parameters.append(last.id)
        }
        let rows = try await transaction.query(kind.table.due(isFirst: place.last == nil), parameters)
        return try rows.map { (Row(id: try $0.id(0), version: try $0.int64(1)), try $0.timestamp(2)) }
    }

    private func findParts(_ due: inout Due) async throws {
        for part in kind.parts {
            var parameters = Parameters()
            parameters.append(due.rows.map(\.row.id))
            let statement = part.kind.parts(of: kind.type, by: part.column)
            var found: [RecordID: [Row]] = [:]
            for row in try await transaction.query(statement, parameters) {
                found[try row.id(2), default: []].append(Row(id: try row.id(0), version: try row.int64(1)))
            }
            due.parts.append(found)
        }
    }

    private func findKept(_ due: inout Due) async throws {
        let all = due.parts.flatMap { $0.values.joined() }.map(\.id)
        for id in try await named(due.rows.map(\.row.id), kind.table, beside: all) { due.kept[id] = .inUse }
        for id in try await tooNew(due.rows.map(\.row), kind.type) where due.kept[id] == nil { due.kept[id] = .tooNew }
        for (part, found) in zip(kind.parts, due.parts) {
            let rows = Array(found.values.joined())
            let inUse = try await named(rows.map(\.id), part.kind, beside: [])
            let tooNew = try await tooNew(rows, part.kind.type)
            for (whole, parts) in found where due.kept[whole] == nil {
                if parts.contains(where: { inUse.contains($0.id) }) {
                    due.kept[whole] = .inUse
                } else if parts.contains(where: { tooNew.contains($0.id) }) {
                    due.kept[whole] = .tooNew
                }
            }
        }
    }

    private func named(_ ids: [RecordID], _ table: PurgeKindTable, beside parts: [RecordID]) async throws -> Set<
        RecordID
    > {
        guard !ids.isEmpty, let statement = table.named else { return [] }
        var parameters = Parameters()
        parameters.append(ids)
        parameters.append(parts)
        return Set(try await transaction.query(statement, parameters).map { try $0.id(0) })
    }

    private func tooNew(_ rows: [Row], _ type: RecordType) async throws -> Set<RecordID> {
        guard !rows.isEmpty else { return [] }
        let query = PurgeableRecords.among(type.object, rows.map(\.id), versions: rows.map(\.version))
        return Set(rows.map(\.id)).subtracting(try await transaction.query(query).map { try $0.id(0) })
    }

    /// The first records, as many as a step may take with what goes with them; and how many were looked at for that.
    private func choose(_ due: Due) async throws -> (removed: [Row], countDone: Int) {
        let free = due.rows.map(\.row).filter { due.kept[$0.id] == nil }
        var weights = try await weights(of: free.map(\.id), kind.table)
        for (part, found) in zip(kind.parts, due.parts) {
            let parts = free.flatMap { found[$0.id] ?? [] }
            let ofParts = try await self.weights(of: parts.map(\.id), part.kind)
            for row in free {
                weights[row.id, default: 0] += (found[row.id] ?? []).reduce(0) { $0 + (ofParts[$1.id] ?? 0) + 1 }
            }
        }
        var removed: [Row] = []
        var weight: Int64 = 0
        for (index, (row, _)) in due.rows.enumerated() where due.kept[row.id] == nil {
            weight += weights[row.id] ?? 0
            if !removed.isEmpty, weight > Purge.rowsAtOnce { return (removed, index) }
            removed.append(row)
        }
        return (removed, due.rows.count)
    }

    private func weights(of ids: [RecordID], _ table: PurgeKindTable) async throws -> [RecordID: Int64] {
        guard !ids.isEmpty else { return [:] }
        var parameters = Parameters()
        parameters.append(ids)
        parameters.append(table.type.object)
        parameters.append(Purge.rowsAtOnce + 1)
        let rows = try await transaction.query(table.weights, parameters)
        return Dictionary(try rows.map { (try $0.id(0), try $0.int64(1)) }, uniquingKeysWith: { first, _ in first })
    }

    private mutating func remove(_ rows: [Row], _ due: Due) async throws {
        for (part, found) in zip(kind.parts, due.parts) {
            try await remove(rows.flatMap { found[$0.id] ?? [] }, part.kind)
        }
        try await remove(rows, kind.table)
    }

    private mutating func remove(_ rows: [Row], _ table: PurgeKindTable) async throws {
        guard !rows.isEmpty else { return }
        let ids = rows.map(\.id)
        var parameters = Parameters()
        parameters.append(ids)
        let object = table.type.object
        guard try await transaction.query(table.removal, parameters).count == ids.count else {
            throw PostgresError(.unexpectedResult, "records of \(object) that may be removed were not")
        }
        try transaction.enqueue(
            LedgerRow.purge(transaction.ledgerOrigin, object, rows.map { (id: $0.id, version: $0.version + 1) }))
        for row in rows { try transaction.enqueue(PurgeableRecords.forget(object, row.id, version: row.version)) }
        transaction.tellFeed()
        report.remove(object, rows.count)
    }
}

extension JobReport {
    fileprivate mutating func change(_ object: String, _ body: (inout KindReport) -> Void) {
        let index =
            kinds.firstIndex { $0.object == object }
            ?? {
                kinds.append(KindReport(object: object))
                return kinds.count - 1
            }()
        body(&kinds[index])
        changedCount = kinds.reduce(0) { $0 + ($1.changedCount ?? 0) }
        refusedCount = kinds.reduce(0) { $0 + ($1.refusedCount ?? 0) }
    }

    fileprivate mutating func remove(_ object: String, _ count: Int) {
        change(object) { $0.changedCount = ($0.changedCount ?? 0) + Int64(count) }
    }

    fileprivate mutating func keep(_ object: String, _ reason: String) {
        change(object) { kind in
            kind.refusedCount = (kind.refusedCount ?? 0) + 1
            if let index = kind.refusals.firstIndex(where: { $0.reason == reason }) {
                kind.refusals[index].count = (kind.refusals[index].count ?? 0) + 1
            } else {
                kind.refusals.append(RefusalCount(reason: reason, count: 1))
            }
        }
    }

    func keeps(_ object: String) -> Bool { kinds.contains { $0.object == object && ($0.refusedCount ?? 0) > 0 } }

    /// The records that stayed are counted anew.
    mutating func lookAgain(_ object: String) {
        change(object) { ($0.refusedCount, $0.refusals) = (nil, []) }
    }
}
