import RPC
import Tenancy
import Wire

/// One item of a batch: still to be stored, stored, or refused.
// SAFETY: belongs to one call, whose task runs on one loop.
struct BatchItem: @unchecked Sendable {
    let preparation: ChangePreparation
    /// What is wanted of a record that is there; nil for a new one.
    let intent: Intent?
    var change: RecordChange?
    private(set) var refusal: RPCError?
    /// As it was stored.
    var record: Message?
    /// A rule wrote something else for it.
    var hasEffect = false

    init(preparation: ChangePreparation, intent: Intent? = nil, change: RecordChange) {
        self.preparation = preparation
        self.intent = intent
        self.change = change
    }

    init(preparation: ChangePreparation, refusal: RPCError) {
        self.preparation = preparation
        self.refusal = refusal
        intent = nil
    }

    func refused(_ error: RPCError) -> BatchItem {
        var item = self
        item.change = nil
        item.record = nil
        item.refusal = error
        return item
    }

    /// Refused when an item before it has its id, whatever became of that: which row was stored is found out by the id.
    func refusedAsRepeated(_ ids: inout Set<RecordID>) -> BatchItem {
        guard let change else { return self }
        guard let intent else {
            if ids.insert(change.recordID).inserted { return self }
            return refused(DatabaseErrors.taken(change.type.standard.id.name, change.type, preparation.path))
        }
        if ids.insert(intent.id).inserted { return self }
        return refused(
            RecordErrors.invalid(
                .duplicate, "An item before this one names the same \(change.type.object); send it in another batch.",
                field: "\(preparation.path)id"))
    }
}
