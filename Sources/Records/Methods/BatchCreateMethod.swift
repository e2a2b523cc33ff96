import AccessControl
import RPC
import Reactor
import Tenancy
import Wire

/// Creates up to 1,000 records in one transaction; each succeeds or fails alone. One statement inserts them all, one
/// writes their ledger rows.
struct BatchCreateMethod {
    static let itemCountMax = 1000
    /// The method's own cost of 32 units pays for as many records at the same price.
    static let rowCost = RowCost(countIncluded: 64, countPerUnit: 2)

    private let engine: RecordEngine
    private let type: RecordType
    private let sent: FieldDescriptor
    private let response: MessageDescriptor
    private let records: FieldDescriptor
    private let results: BatchResults

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        sent = try shape.requestRecord(repeated: true)
        response = shape.method.response
        records = try shape.responseRecord(repeated: true)
        results = try BatchResults(shape)
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .create)
        let count = request.count(sent)
        guard (1...BatchCreateMethod.itemCountMax).contains(count) else {
            throw RecordErrors.invalid(
                .batchSizeInvalid, "There are \(count) records; send 1 to \(BatchCreateMethod.itemCountMax).",
                field: sent.name)
        }
        Self.rowCost.charge(count, to: context)
        let stored = try StoredAnswer(context, request: request)
        var pace = Pace()
        let untried = [RPCError?](repeating: nil, count: count)
        var items = await prepared(request.messages(sent), untried, call, at: &pace)
        let refusals = items.map(\.refusal)
        return try await engine.replaying(
            stored, context, response, type: type,
            requireRights: { try results.requireRepeatable($0, refusals) }
        ) {
            // An item may be refused after a rule has written something for it. Then all was undone, and is done anew without the items
            // that were refused, so that nothing stays of them.
            while true {
                do {
                    return try await store(items, call, stored, at: &pace)
                } catch let undone as BatchUndone {
                    items = await prepared(request.messages(sent), undone.refusals, call, at: &pace)
                }
            }
        }
    }

    private func prepared(
        _ records: [Message], _ refusals: [RPCError?], _ call: RecordCall, at pace: inout Pace
    ) async -> [BatchItem] {
        var ids: Set<RecordID> = []
        var items: [BatchItem] = []
        for (index, record) in records.enumerated() {
            let item = prepare(record, index, call).refusedAsRepeated(&ids)
            items.append(refusals[index].map(item.refused) ?? item)
            await pace.step()
        }
        return items
    }

    /// Checks one item as CreateMethod does. What is wrong with it is its result, not the call's.
    private func prepare(_ record: Message, _ index: Int, _ call: RecordCall) -> BatchItem {
        let preparation = ChangePreparation(engine: engine, call: call, path: "\(sent.name)[\(index)].")
        do {
            let change = try preparation.creation(from: record, by: .caller)
            try preparation.requireScope(change)
            return BatchItem(preparation: preparation, change: change)
        } catch {
            return BatchItem(preparation: preparation, refusal: RPCError(masking: error))
        }
    }

    private func store(
        _ prepared: [BatchItem], _ call: RecordCall, _ stored: StoredAnswer?, at pace: inout Pace
    ) async throws -> [UInt8] {
        let references = BatchReferences(engine: engine, type: type)
        var (items, known) = try await references.refusingUnknownRemotes(prepared, at: &pace)
        return try await engine.commit(call.context, call: call, under: stored, knowing: known) { transaction in
            items = try await references.refusingUnknown(items, in: transaction, at: &pace)
            items = try await admitted(items, in: transaction, at: &pace)
            items = try await BatchInsert(engine: engine, call: call).insert(items, in: transaction, at: &pace)
            if items.contains(where: { $0.refusal != nil && $0.hasEffect }) {
                throw BatchUndone(refusals: items.map(\.refusal))
            }
            for change in items.compactMap(\.change) {
                try await transaction.follow(change)
                await pace.step()
            }
            let answer = Message.make(response, in: call.context.arena)
            answer.setMessages(records, await pace.map(items.compactMap(\.change)) { call.present($0.after) })
            await results.write(items, to: answer, at: &pace)
            return await PacedCodec.encode(answer, at: &pace)
        }
    }

    /// Asks the rules about each item. An error of PostgreSQL has ended the transaction, so it is the call's.
    private func admitted(
        _ items: [BatchItem], in transaction: RecordTransaction, at pace: inout Pace
    ) async throws -> [BatchItem] {
        var checked: [BatchItem] = []
        for item in items {
            guard let change = item.change else {
                checked.append(item)
                continue
            }
            let effects = transaction.effectCount
            var admitted = item
            do {
                try await transaction.admit(change, item.preparation)
            } catch let refusal as RPCError {
                admitted = item.refused(refusal)
            }
            admitted.hasEffect = transaction.effectCount > effects
            checked.append(admitted)
            await pace.step()
        }
        return checked
    }
}

/// Rules wrote something for an item that was refused then.
private struct BatchUndone: Error {
    let refusals: [RPCError?]
}

/// One item of a batch: either still to be stored, or refused.
// SAFETY: belongs to one call, whose task runs on one loop.
struct BatchItem: @unchecked Sendable {
    let preparation: ChangePreparation
    private(set) var change: RecordChange?
    private(set) var refusal: RPCError?
    /// A rule wrote something else for it.
    var hasEffect = false

    init(preparation: ChangePreparation, change: RecordChange) {
        self.preparation = preparation
        self.change = change
    }

    init(preparation: ChangePreparation, refusal: RPCError) {
        self.preparation = preparation
        self.refusal = refusal
    }

    /// Refused when an item before it has its id, whatever became of that: which row was stored is found out by the id.
    func refusedAsRepeated(_ ids: inout Set<RecordID>) -> BatchItem {
        guard let change, !ids.insert(change.recordID).inserted else { return self }
        let type = change.type
        return refused(DatabaseErrors.taken(type.standard.id.name, type, preparation.path))
    }

    func refused(_ error: RPCError) -> BatchItem {
        var item = self
        item.change = nil
        item.refusal = error
        return item
    }
}
