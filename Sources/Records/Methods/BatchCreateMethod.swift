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
        return try await engine.replaying(stored, context, response, type: type) {
            var items: [BatchItem] = []
            var ids: Set<RecordID> = []
            var pace = Pace()
            for (index, record) in request.messages(sent).enumerated() {
                items.append(await prepare(record, index, call).refusedAsRepeated(&ids))
                await pace.step()
            }
            return try await self.store(items, call, stored, at: &pace)
        }
    }

    /// Checks one item as CreateMethod does. What is wrong with it is its result, not the call's.
    private func prepare(_ record: Message, _ index: Int, _ call: RecordCall) async -> BatchItem {
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
            do {
                try await transaction.admit(change, item.preparation)
                checked.append(item)
            } catch let refusal as RPCError {
                checked.append(item.refused(refusal))
            }
            await pace.step()
        }
        return checked
    }
}

/// One item of a batch: either still to be stored, or refused.
// SAFETY: belongs to one call, whose task runs on one loop.
struct BatchItem: @unchecked Sendable {
    let preparation: ChangePreparation
    private(set) var change: RecordChange?
    private(set) var refusal: RPCError?

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
        BatchItem(preparation: preparation, refusal: error)
    }
}
