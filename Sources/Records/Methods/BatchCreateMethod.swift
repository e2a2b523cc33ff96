import AccessControl
import RPC
import Reactor
import Tenancy
import Wire

/// Creates up to 1,000 records in one transaction; each succeeds or fails alone. One statement inserts them all, one
/// writes their ledger rows.
struct BatchCreateMethod {
    static let itemCountMax = 1000
    /// Who sends more at once brings them from elsewhere, which takes a right of its own.
    static let itemCountByHand = 100
    /// The method's own cost of 32 units pays for as many records at the same price.
    static let rowCost = RowCost(countIncluded: 64, countPerUnit: 2)

    private let engine: RecordEngine
    private let type: RecordType
    private let sent: FieldDescriptor
    private let results: BatchResults

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        sent = try shape.requestRecord(repeated: true)
        results = try BatchResults(shape)
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .create)
        let count = request.count(sent)
        guard (1...BatchCreateMethod.itemCountMax).contains(count) else {
            throw RecordErrors.batchSize(count, of: sent.name, max: Self.itemCountMax)
        }
        let isImport = count > Self.itemCountByHand
        if isImport { try call.require(.import) }
        Self.rowCost.charge(count, to: context)
        let stored = try StoredAnswer(context, request: request)
        var pace = Pace()
        var items = await prepared(request.messages(sent), call, isImport: isImport, at: &pace)
        let refusals = items.map(\.refusal)
        return try await engine.replaying(
            stored, context, results.response, type: type,
            requireRights: { try results.requireRepeatable($0, refusals) }
        ) {
            try await BatchWriter(engine: engine, call: call).run { manner in
                // Rules may have set fields in the first pass.
                if manner == .oneByOne {
                    items = await prepared(request.messages(sent), call, isImport: isImport, at: &pace)
                }
                return try await store(items, manner, call, stored, at: &pace)
            }
        }
    }

    private func prepared(
        _ records: [Message], _ call: RecordCall, isImport: Bool, at pace: inout Pace
    ) async -> [BatchItem] {
        var ids: Set<RecordID> = []
        return await pace.map(records.enumerated()) { index, record in
            prepare(record, index, call, isImport: isImport).refusedAsRepeated(&ids)
        }
    }

    /// Checks one item as CreateMethod does. What is wrong with it is its result, not the call's.
    private func prepare(_ record: Message, _ index: Int, _ call: RecordCall, isImport: Bool) -> BatchItem {
        let preparation = ChangePreparation(engine: engine, call: call, path: "\(sent.name)[\(index)].")
        do {
            let change = try preparation.creation(from: record, by: .caller)
            try preparation.requireScope(change)
            // What is brought is within both rights.
            if isImport, !call.predicate(.import).admits(owner: change.owner, unit: change.department) {
                throw RecordErrors.outOfScope(.import, type)
            }
            return BatchItem(preparation: preparation, change: change)
        } catch {
            return BatchItem(preparation: preparation, refusal: RPCError(masking: error))
        }
    }

    private func store(
        _ prepared: [BatchItem], _ manner: BatchWriter.Manner, _ call: RecordCall, _ stored: StoredAnswer?,
        at pace: inout Pace
    ) async throws -> [UInt8] {
        let references = BatchReferences(engine: engine, type: call.type)
        var (items, known) = try await references.refusingUnknownRemotes(prepared, at: &pace)
        return try await engine.commit(call.context, call: call, under: stored, knowing: known) { transaction in
            items = try await references.refusingUnknown(items, in: transaction, at: &pace)
            switch manner {
            case .together: items = try await insertedTogether(items, call, in: transaction, at: &pace)
            case .oneByOne: items = try await insertedOneByOne(items, call, in: transaction)
            }
            return await results.encode(items, call, at: &pace)
        }
    }

    private func insertedTogether(
        _ prepared: [BatchItem], _ call: RecordCall, in transaction: RecordTransaction, at pace: inout Pace
    ) async throws -> [BatchItem] {
        let writer = BatchWriter(engine: engine, call: call)
        var items: [BatchItem] = []
        for var item in prepared {
            if let change = item.change {
                let effects = transaction.effectCount
                item = try await writer.write(item, .together, in: transaction) {
                    try await transaction.admit(change, item.preparation)
                }
                item.hasEffect = transaction.effectCount > effects
            }
            items.append(item)
            await pace.step()
        }
        items = try await BatchInsert(engine: engine, call: call).insert(items, in: transaction, at: &pace)
        if items.contains(where: { $0.refusal != nil && $0.hasEffect }) { throw BatchUndone() }
        for index in items.indices {
            guard let change = items[index].change else { continue }
            do { try await transaction.follow(change) } catch is RPCError { throw BatchUndone() }
            items[index].record = change.after
            await pace.step()
        }
        return items
    }

    private func insertedOneByOne(
        _ prepared: [BatchItem], _ call: RecordCall, in transaction: RecordTransaction
    ) async throws -> [BatchItem] {
        let writer = BatchWriter(engine: engine, call: call)
        var items: [BatchItem] = []
        for var item in prepared {
            if let change = item.change {
                item = try await writer.write(item, .oneByOne, in: transaction) {
                    try await transaction.write(change, item.preparation, holdsReferences: true)
                }
                if item.refusal == nil { item.record = change.after }
            }
            items.append(item)
        }
        return items
    }
}
