package import Postgres
package import Tenancy
package import Wire

/// A record that a program makes beside the engine: one of the first of a workspace. It is stored, and told of in the ledger,
/// as one that a caller creates. The rules of its type are not asked, since there is no workspace yet that they could look at: whoever
/// makes it answers for its values.
package struct SeedRecord {
    private let type: RecordType
    private let id: RecordID
    private let record: Message

    package init(_ value: some WireMessage, id: RecordID, of type: RecordType, at time: Timestamp) {
        (self.type, self.id) = (type, id)
        record = value.message(in: Arena())
        record.setID(type.standard.id.descriptor, id)
        record.setInt64(type.standard.version.descriptor, 1)
        record.set(type.standard.createTime.name, time)
        record.set(type.standard.updateTime.name, time)
    }

    /// The INSERTs of the record and of its ledger row.
    package func insertions(_ origin: LedgerRow.Origin) -> [(Statement, Parameters)] {
        [
            WriteStatements.insert(record, of: type),
            LedgerRow(creating: record, id, of: type).insertion(origin),
        ]
    }
}
