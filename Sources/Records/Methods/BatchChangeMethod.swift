import AccessControl
import Contracts
import RPC
import Reactor
import Tenancy
import Wire

/// Changes, deletes or restores up to 1,000 records in one transaction; each succeeds or fails alone, as it would by the method for one.
/// One statement locks and reads them all, one for each reference field looks for what they refer to, and what is written goes out together.
struct BatchChangeMethod {
    static let itemCountMax = BatchCreateMethod.itemCountMax
    static let rowCost = BatchCreateMethod.rowCost

    private let engine: RecordEngine
    private let type: RecordType
    private let reader: IntentReader
    private let requests: FieldDescriptor
    private let results: BatchResults

    /// - Parameter reader: of the requests for one record.
    init(_ engine: RecordEngine, _ shape: MethodShape, _ reader: IntentReader) throws {
        self.engine = engine
        self.reader = reader
        type = shape.type
        requests = try shape.request("requests", repeated: true)
        results = try BatchResults(shape)
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, reader.action)
        let count = request.count(requests)
        guard (1...Self.itemCountMax).contains(count) else {
            throw RecordErrors.batchSize(count, of: "requests", max: Self.itemCountMax, orBy: byFilter)
        }
        Self.rowCost.charge(count, to: context)
        let stored = try StoredAnswer(context, request: request)
        var pace = Pace()
        let items = await prepared(request.messages(requests), call, at: &pace)
        let refusals = items.map(\.refusal)
        return try await engine.replaying(
            stored, context, results.response, type: type,
            requireRights: { try results.requireRepeatable($0, refusals) }
        ) {
            let references = BatchReferences(engine: engine, type: call.type)
            let (items, known) = try await references.refusingUnknownRemotes(items, at: &pace)
            let writer = BatchWriter(engine: engine, call: call)
            return try await writer.run { manner in
                try await engine.commit(context, call: call, under: stored, knowing: known) { transaction in
                    var items = try await changes(items, in: transaction)
                    items = try await references.refusingUnknown(items, in: transaction, at: &pace)
                    items = try await written(items, by: writer, manner, in: transaction)
                    return await results.encode(items, call, at: &pace)
                }
            }
        }
    }

    /// Nothing restores all that a filter selects.
    private var byFilter: String? {
        switch reader.action {
        case .update: type.methods.updateMatching.name
        case .delete: type.methods.deleteMatching.name
        default: nil
        }
    }

    private func prepared(_ requests: [Message], _ call: RecordCall, at pace: inout Pace) async -> [BatchItem] {
        var ids: Set<RecordID> = []
        return await pace.map(requests.enumerated()) { index, request in
            let place = "\(self.requests.name)[\(index)]."
            let preparation = ChangePreparation(engine: engine, call: call, path: place + reader.path)
            do {
                let intent = try reader.intent(request, call)
                return BatchItem(preparation: preparation, intent: intent, change: intent.draft(call))
                    .refusedAsRepeated(&ids)
            } catch {
                return BatchItem(
                    preparation: preparation, refusal: RPCError(masking: error).placingFields(under: place))
            }
        }
    }

    /// The items with the changes that they come to, of the records as they are.
    private func changes(_ items: [BatchItem], in transaction: RecordTransaction) async throws -> [BatchItem] {
        let intents = items.filter { $0.change != nil }.compactMap(\.intent)
        guard let first = intents.first else { return items }
        let records = try await transaction.load(
            type, ids: intents.map(\.id), for: reader.action, lifetime: first.lifetime)
        var changed: [BatchItem] = []
        for var item in items {
            do {
                if item.change != nil, let intent = item.intent {
                    guard let record = try records[intent.id]?.get() else {
                        throw RecordErrors.notFound(type, id: intent.id.text)
                    }
                    item.change = try await intent.change(of: record, item.preparation, in: transaction)
                }
            } catch let refusal as RPCError {
                item = item.refused(refusal)
            }
            changed.append(item)
            await transaction.step()
        }
        return changed
    }

    /// Writes one after the other, so that each finds what those before it did.
    private func written(
        _ items: [BatchItem], by writer: BatchWriter, _ manner: BatchWriter.Manner, in transaction: RecordTransaction
    ) async throws -> [BatchItem] {
        var latest = LatestRecords(of: type)
        var written: [BatchItem] = []
        for var item in items {
            if let change = item.change, let intent = item.intent {
                latest.look(at: transaction)
                // What a rule of an item before made of the record was not known when the change was made.
                let isStale = latest[change.recordID] != nil
                item = try await writer.write(item, manner, in: transaction) {
                    if isStale {
                        try await transaction.write(intent, item.preparation)
                    } else {
                        try await transaction.write(change, item.preparation, holdsReferences: true)
                    }
                }
                if item.refusal == nil { item.record = change.after }
            }
            written.append(item)
        }
        latest.look(at: transaction)
        return await transaction.map(written) { $0.answering(latest) }
    }
}

/// The records of a type as a transaction wrote them last.
private struct LatestRecords {
    private let type: RecordType
    private var records: [RecordID: Message] = [:]
    private var seenCount = 0

    init(of type: RecordType) { self.type = type }

    subscript(id: RecordID) -> Message? { records[id] }

    /// Takes what was written since the last look.
    mutating func look(at transaction: RecordTransaction) {
        for change in transaction.changes[seenCount...] where change.type.object == type.object {
            records[change.recordID] = change.after
        }
        seenCount = transaction.changes.count
    }
}

extension BatchItem {
    /// With the record as it was written last.
    fileprivate func answering(_ latest: LatestRecords) -> BatchItem {
        guard let id = intent?.id, record != nil, let written = latest[id] else { return self }
        var item = self
        item.record = written
        return item
    }
}
