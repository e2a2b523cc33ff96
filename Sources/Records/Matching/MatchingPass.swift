import AccessControl
import Contracts
import Postgres
import RPC
import Reactor
import Tenancy
import Wire

/// What became of one record.
// SAFETY: belongs to one call, whose task runs on one loop.
struct MatchingItem: @unchecked Sendable {
    let id: RecordID
    /// As it is now; nil when it was refused.
    let record: Message?
    let isChanged: Bool
    let issue: RecordIssue?
}

/// Takes the next of the records that an order is for, in the order of their ids, and does with each what is wanted: each succeeds or is refused
/// alone, by the rules of the method for one.
struct MatchingPass {
    private let engine: RecordEngine
    private let type: RecordType
    private let order: MatchingOrder
    private let call: RecordCall
    private let selection: Selection
    /// When the order was given: what came later is not meant, and an edit of a meant field since then stands against it.
    private let startTime: Timestamp
    private let action: Action

    init(_ method: MatchingMethod, _ order: MatchingOrder, _ call: RecordCall, startTime: Timestamp) throws {
        (engine, type, self.order, self.call) = (method.engine, method.type, order, call)
        (self.startTime, action) = (startTime, method.reader.action)
        selection = try method.selection(order, call)
    }

    /// The next records, and the last id that was looked at: nil behind the last record. A pass looks at so many records, whether they are
    /// meant or not, that it takes no longer than a step may.
    func run(
        after id: RecordID?, atMost countMax: Int, in transaction: RecordTransaction
    ) async throws -> (items: [MatchingItem], last: RecordID?) {
        guard let end = try await windowEnd(after: id, transaction) else { return ([], nil) }
        let countMax = min(countMax, max(call.type.rowsAtOnce, 1))
        let records = try await lock(transaction) { parameters in
            let column = type.standard.id.column
            var condition = ""
            if let id {
                parameters.append(id)
                condition += " AND \(column) > $\(parameters.count)"
            }
            parameters.append(end)
            return condition + " AND \(column) <= $\(parameters.count) ORDER BY \(column) LIMIT \(countMax)"
        }
        return (try await run(records, transaction), records.count < countMax ? end : records.last?.id)
    }

    /// Those of these records that are meant still.
    func run(_ ids: [RecordID], in transaction: RecordTransaction) async throws -> [MatchingItem] {
        var items: [MatchingItem] = []
        for part in call.type.parts(of: ids) {
            let records = try await lock(transaction) { parameters in
                let column = type.standard.id.column
                parameters.append(part)
                return " AND \(column) = ANY ($\(parameters.count)) ORDER BY \(column)"
            }
            items += try await run(records, transaction)
        }
        return items
    }

    private func run(
        _ records: [LoadedRecord], _ transaction: RecordTransaction
    ) async throws -> [MatchingItem] {
        guard !records.isEmpty else { return [] }
        let bases = try await bases(of: records, transaction)
        var items = try await prepared(records, bases, transaction)
        var pace = Pace()
        items = try await BatchReferences(engine: engine, type: call.type).refusingUnknown(
            items, in: transaction, at: &pace)
        let writer = BatchWriter(engine: engine, call: call)
        func written(_ manner: BatchWriter.Manner) async throws -> [BatchItem] {
            var written: [BatchItem] = []
            for item in items { written.append(try await write(item, writer, manner, transaction)) }
            return written
        }
        items = try await writer.run { manner in
            switch manner {
            case .together: try await transaction.alone { try await written(.together) }
            case .oneByOne: try await written(.oneByOne)
            }
        }
        return zip(records, items).map { MatchingItem($0, $1, type) }
    }

    /// Records that are looked at together.
    static let windowSize = 5_000

    /// The id of the last record of the next window, whatever it holds; nil when there is none.
    private func windowEnd(after id: RecordID?, _ transaction: RecordTransaction) async throws -> RecordID? {
        var parameters = Parameters()
        let column = type.standard.id.column
        var condition = ""
        if let id {
            parameters.append(id)
            condition = " WHERE \(column) > $1"
        }
        let text =
            "SELECT \(column) FROM (SELECT \(column) FROM \(type.source)\(condition) ORDER BY \(column) "
            + "LIMIT \(Self.windowSize)) AS part ORDER BY \(column) DESC LIMIT 1"
        return try await transaction.query(engine.statement(text), parameters).first?.id(0)
    }

    /// One by one each is made of the record as it is then, since rules of those before may have changed it.
    private func write(
        _ item: BatchItem, _ writer: BatchWriter, _ manner: BatchWriter.Manner, _ transaction: RecordTransaction
    ) async throws -> BatchItem {
        guard let change = item.change, let intent = item.intent else { return item }
        var stored: Message?
        var item = try await writer.write(item, manner, in: transaction) {
            stored =
                switch manner {
                case .together: try await transaction.write(change, item.preparation, holdsReferences: true)
                case .oneByOne: try await transaction.write(intent, item.preparation)
                }
        }
        if item.refusal == nil { item.record = stored }
        return item
    }

    private func prepared(
        _ records: [LoadedRecord], _ bases: [RecordID: Int64], _ transaction: RecordTransaction
    ) async throws -> [BatchItem] {
        let preparation = ChangePreparation(engine: engine, call: call, path: "")
        var items: [BatchItem] = []
        for record in records {
            let intent = order.intent(for: record, of: type, base: bases[record.id])
            do {
                let change = try await intent.change(of: record, preparation, in: transaction)
                items.append(BatchItem(preparation: preparation, intent: intent, change: change))
            } catch let refusal as RPCError {
                items.append(BatchItem(preparation: preparation, refusal: refusal))
            }
            await transaction.step()
        }
        return items
    }

    /// Records that are meant, locked. What was changed meanwhile so that the filter does not hold any more is passed over.
    ///
    /// - Parameter part: which of them, as the end of a condition, in the order of their ids.
    private func lock(
        _ transaction: RecordTransaction, _ part: (inout Parameters) -> String
    ) async throws -> [LoadedRecord] {
        var parameters = Parameters()
        let condition = selection.condition(&parameters, lookingUp: true)
        parameters.append(startTime)
        let time = "\(type.standard.createTime.column) <= $\(parameters.count)"
        let text =
            "SELECT \(LoadedRecord.columns(call, &parameters)) FROM \(type.source) WHERE \(condition) AND \(time)\(part(&parameters)) "
            + "FOR UPDATE"
        let rows = try await transaction.query(engine.statement(text), parameters)
        return try await transaction.map(rows) {
            try LoadedRecord($0, call, .right(action), in: transaction.context.arena)
        }
    }

    /// Of records that others changed since the order was given the versions that they had then.
    private func bases(
        of records: [LoadedRecord], _ transaction: RecordTransaction
    ) async throws -> [RecordID: Int64] {
        let changed = records.filter { $0.updateTime > startTime }
        guard !changed.isEmpty else { return [:] }
        var parameters = Parameters()
        parameters.append(type.object)
        parameters.append(changed.map(\.id))
        parameters.append(startTime)
        let version = type.standard.version.descriptor
        parameters.append(changed.map { $0.message.int64(version) - EditMerge.versionsMax })
        let rows = try await transaction.query(Self.bases, parameters)
        return Dictionary(
            try rows.map { (try $0.id(0), try $0.int64(1)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Of a record that was changed more often since than an edit is merged over, a version that is too old for that: what came before is not
    /// read.
    static let bases = Statement(
        """
        SELECT one.id, past.version - 1 FROM unnest($2::uuid[], $4::bigint[]) AS one (id, version), LATERAL (
            SELECT min(record_version) AS version FROM {schema}.ledger
            WHERE object = $1 AND record_id = one.id AND record_version >= one.version AND occurred_at > $3
        ) AS past WHERE past.version > 1
        """)
}

extension MatchingItem {
    fileprivate init(_ record: LoadedRecord, _ item: BatchItem, _ type: RecordType) {
        self.init(
            id: record.id, record: item.record, isChanged: item.change?.changedFields.isEmpty == false,
            issue: item.refusal.map { RecordIssue(record.id, type, $0) })
    }
}

extension RecordIssue {
    init(_ id: RecordID, _ type: RecordType, _ refusal: RPCError) {
        self.init(object: type.object, recordID: id.text, reason: refusal.reason, message: refusal.message)
    }
}

extension LoadedRecord {
    fileprivate var updateTime: Timestamp { message.time(type.standard.updateTime.name) ?? .now() }
}
