import Postgres
import RPC
import Tenancy
import Wire

/// Lets each item of a batch succeed or fail alone, whoever refuses it and however late.
///
/// All items go into one transaction at full speed. Whoever is refused before anything was written for him is left out. When one is
/// refused after that, or the database refuses what was sent, all is undone and done again with each item in a savepoint of its own, which
/// costs a round trip or two for each.
struct BatchWriter {
    enum Manner {
        case together, oneByOne
    }

    let engine: RecordEngine
    let call: RecordCall

    /// Runs `pass`, with all items in a transaction or a savepoint of its own, at most once in each manner.
    func run<Value>(_ pass: (Manner) async throws -> Value) async throws -> Value {
        do {
            return try await pass(.together)
        } catch is BatchUndone {
            return try await pass(.oneByOne)
        } catch let error as PostgresError where error.isConstraintViolation && !StoredAnswer.isStored(error) {
            return try await pass(.oneByOne)
        }
    }

    /// Writes one item; answers it refused when `write` or, one by one, the database refuses it.
    func write(
        _ item: BatchItem, _ manner: Manner, in transaction: RecordTransaction, _ write: () async throws -> Void
    ) async throws -> BatchItem {
        let effects = transaction.effectCount
        do {
            switch manner {
            case .together: try await write()
            case .oneByOne: try await transaction.alone(write)
            }
            return item
        } catch let refusal as RPCError {
            if manner == .together, transaction.effectCount > effects { throw BatchUndone() }
            return item.refused(refusal)
        } catch let error as PostgresError where manner == .oneByOne && error.isConstraintViolation {
            return item.refused(try await refusal(error, item, transaction))
        }
    }

    private func refusal(
        _ error: PostgresError, _ item: BatchItem, _ transaction: RecordTransaction
    ) async throws -> RPCError {
        let path = item.preparation.path
        let refusal = RPCError(
            masking: await engine.translate(
                error, call.type, path, call.context, as: call.actor, knowing: call.policy))
        guard refusal.reason == RecordReason.idTaken.rawValue, let id = item.change?.recordID else { return refusal }
        let taken = TakenID(call: call, path: path)
        return try taken.refusal(id, await transaction.query(taken.lookup(id)))
    }
}

/// An item was refused after something had been written for it.
struct BatchUndone: Error {}
