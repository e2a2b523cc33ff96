import AccessControl
import Postgres
import RPC
import Tenancy
import Wire

/// Keeps the values of custom fields that are unique: with a record that is written it takes those that are new and gives back the old
/// ones, in the same transaction. Of several that want a value at once one gets it, by an index; the others wait for it.
struct UniqueClaims {
    private let transaction: RecordTransaction
    private let call: RecordCall
    private let sql: UniqueSQL

    /// Nil for a type without such fields.
    init?(_ call: RecordCall, in transaction: RecordTransaction) {
        let fields = call.type.customFields.filter(\.isUniqueCustom)
        guard !fields.isEmpty else { return nil }
        (self.transaction, self.call) = (transaction, call)
        sql = UniqueSQL(engine: transaction.engine, type: call.type, fields: fields)
    }

    /// Comes before the record is stored.
    ///
    /// - Throws: ALREADY_EXISTS with VALUE_TAKEN.
    func take(_ change: RecordChange, path: String) async throws {
        if let refusal = try await take([(change, path)])[change.recordID] { throw refusal }
    }

    /// The same for several records, no two of them the same: why those that cannot have a value may not be stored, by their ids.
    func take(_ changes: [(change: RecordChange, path: String)]) async throws -> [RecordID: RPCError] {
        let claims = changes.map { Claim($0.change, sql.fields, of: $0.change.after, before: $0.change.before) }
        let wanted = claims.filter { !$0.fields.isEmpty }
        var refusals: [RecordID: RPCError] = [:]
        if !wanted.isEmpty {
            let missing = try await missing(wanted)
            let told = try await readable(missing.values.joined().compactMap(\.holder))
            for (change, path) in changes {
                guard let taken = missing[change.recordID]?.first else { continue }
                refusals[change.recordID] = refusal(taken, told, path)
            }
            try release(wanted.filter { refusals[$0.id] != nil })
        }
        let old = changes.filter { refusals[$0.change.recordID] == nil }.compactMap { change, _ in
            change.before.map { Claim(change, sql.fields, of: $0, before: change.after) }
        }
        try giveBack(old, keeping: wanted)
        return refusals
    }

    /// Gives back what records took that were not stored. What a record holds rightly, as one that had the id before, it keeps.
    func release(_ changes: [RecordChange]) throws {
        try release(changes.map { Claim($0, sql.fields, of: $0.after, before: $0.before) })
    }

    private func release(_ claims: [Claim]) throws {
        let claims = claims.filter { !$0.fields.isEmpty }
        if !claims.isEmpty { try transaction.enqueue((sql.releaseRefused, Self.parameters(claims))) }
    }

    /// A value that somebody else has.
    private struct Taken {
        let field: RecordField
        let holder: RecordID?
    }

    /// What a record holds in one state and not in another.
    private struct Claim {
        let id: RecordID
        let record: Message
        let fields: [RecordField]

        init(_ change: RecordChange, _ unique: [RecordField], of record: Message, before other: Message?) {
            let deleted = change.type.standard.deleteTime.descriptor
            let lives = { (record: Message) in !record.has(deleted) }
            (id, self.record) = (change.recordID, record)
            fields =
                lives(record)
                ? unique.filter { field in
                    guard record.has(field.descriptor) else { return false }
                    return other.map { !lives($0) || !field.isSame(in: $0, record) } ?? true
                } : []
        }
    }

    /// Of each record the values that it does not get. What stands in the way and should not is cleared away first.
    private func missing(_ claims: [Claim]) async throws -> [RecordID: [Taken]] {
        let parameters = Self.parameters(claims)
        var missing = Self.wanted(claims)
        try await remove(taken: sql.take, parameters, from: &missing)
        guard !missing.isEmpty else { return [:] }
        try await endBuilds()
        try transaction.enqueue((sql.forget, parameters))
        try await remove(taken: sql.take, parameters, from: &missing)
        guard !missing.isEmpty else { return [:] }
        var holders: [Want: RecordID] = [:]
        for row in try await transaction.query(sql.holders, parameters) {
            let (want, holder) = (Want(id: try row.id(1), number: try row.int64(0)), try row.id(2))
            // Its own already: the new value is the same as the old one.
            if holder == want.id { missing.remove(want) } else { holders[want] = holder }
        }
        var taken: [RecordID: [Taken]] = [:]
        for field in sql.fields {
            for want in missing where want.number == field.added?.number {
                taken[want.id, default: []].append(Taken(field: field, holder: holders[want]))
            }
        }
        return taken
    }

    private struct Want: Hashable {
        let id: RecordID
        let number: Int64
    }

    private static func wanted(_ claims: [Claim]) -> Set<Want> {
        Set(
            claims.flatMap { claim in claim.fields.compactMap { $0.added }.map { Want(id: claim.id, number: $0.number) }
            })
    }

    private func remove(taken statement: Statement, _ parameters: Parameters, from missing: inout Set<Want>)
        async throws
    {
        for row in try await transaction.query(statement, parameters) {
            missing.remove(Want(id: try row.id(1), number: try row.int64(0)))
        }
    }

    /// Takes what was written while the values that were there before were looked through: who wrote it did not know of it yet.
    private func endBuilds() async throws {
        var parameters = Parameters()
        parameters.append(sql.fields.compactMap(\.added?.number))
        for row in try await transaction.query(UniqueSQL.begun, parameters) {
            let number = try row.int64(0)
            let own = sql.fields.filter { $0.added?.number == number }
            var since = Parameters()
            since.append(try row.timestamp(1).advanced(by: .zero - UniqueFieldMethods.margin))
            try transaction.enqueue((UniqueSQL(engine: sql.engine, type: sql.type, fields: own).takeChanged, since))
            var ended = Parameters()
            ended.append(number)
            try transaction.enqueue((UniqueSQL.end, ended))
        }
    }

    private func giveBack(_ claims: [Claim], keeping kept: [Claim]) throws {
        let claims = claims.filter { !$0.fields.isEmpty }
        guard !claims.isEmpty else { return }
        var parameters = Self.parameters(claims)
        Self.json(kept).withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        try transaction.enqueue((sql.release, parameters))
    }

    private static func parameters(_ claims: [Claim]) -> Parameters {
        var parameters = Parameters()
        json(claims).withUnsafeBytes { parameters.appendJSON(utf8: $0) }
        return parameters
    }

    private static func json(_ claims: [Claim]) -> [UInt8] {
        var writer = JSONWriter()
        writer.writeArray(claims) { writer, claim in
            writer.writeRaw("{\"id\":\"\(claim.id.text)\",\"values\":")
            writer.write(claim.fields, of: claim.record)
            writer.writeRaw("}")
        }
        return writer.bytes
    }

    /// Those of the records that the caller may read.
    private func readable(_ ids: [RecordID]) async throws -> Set<RecordID> {
        guard !ids.isEmpty else { return [] }
        var parameters = Parameters()
        parameters.append(Array(Set(ids)))
        let statement = call.type.lookups.existing.statement(.living, call, .read, &parameters)
        return Set(try await transaction.query(statement, parameters).map { try $0.id(0) })
    }

    private func refusal(_ taken: Taken, _ readable: Set<RecordID>, _ path: String) -> RPCError {
        guard call.rights.level(of: taken.field) >= .read else { return RecordErrors.valueTaken(call.type) }
        return RecordErrors.valueTaken(
            taken.field, of: call.type, by: taken.holder.flatMap { readable.contains($0) ? $0 : nil }, path: path)
    }
}

extension RecordField {
    /// The workspace demands that no two living records have the same in it.
    var isUniqueCustom: Bool { added?.isUnique == true }
}
