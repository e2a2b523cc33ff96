import Contracts
import RPC
import Tenancy
import Wire

/// What the service whose records they are tells of records that are mirrored here.
// SAFETY: belongs to one call, whose task runs on one loop.
struct MirrorNews: @unchecked Sendable {
    /// Records in one request, those that are no more included.
    static let recordsMax = 1000

    /// Ids after one and up to another; to the end without one.
    struct Range {
        let after: RecordID
        let until: RecordID?
    }

    let type: RecordType
    /// Rises with each request: what comes with a lower one comes too late.
    let fence: Int64
    /// With this one something was stored before.
    let toldFence: Int64
    /// Those of the mirror that the records have here where they are set.
    let fields: [RecordField]
    let records: [(id: RecordID, message: Message)]
    let gone: [RecordID]
    /// The records are all of these.
    let range: Range?
    /// With the end of the range all records have been told.
    let completes: Bool
    /// Values that the mirror's rules do not allow, and that it is without.
    let unfitCount: Int

    /// Reads a request. Fields that the mirror does not have belong to another version of the sender.
    ///
    /// A value that the mirror's rules do not allow belongs to another version, too: it is left out, so that the rest is told.
    ///
    /// - Throws: INVALID_ARGUMENT for what breaks the form that records have.
    init(_ request: ApplyMirrorRequest, of type: RecordType, arena: Arena) throws {
        let count = request.records.count + request.goneIDs.count
        guard count <= Self.recordsMax else { throw RecordErrors.batchSize(count, of: "records", max: Self.recordsMax) }
        guard let fence = request.fence, fence > 0 else { throw Self.invalid("It has no fence.", field: "fence") }
        let sent = Set(request.fields)
        let fields = type.fields.filter { $0.role != nil || sent.contains($0.name) }
        var unfitCount = 0
        records = try request.records.map { try Self.record($0, fields, of: type, arena, &unfitCount) }
        gone = try request.goneIDs.map { try Self.id($0, field: "gone_ids") }
        range = try request.range.map { range in
            Range(
                after: try range.afterID.map { try Self.id($0, field: "range") } ?? .zero,
                until: try range.untilID.map { try Self.id($0, field: "range") })
        }
        completes = request.completes ?? false
        toldFence = request.toldFence ?? 0
        (self.type, self.fence, self.fields, self.unfitCount) = (type, fence, fields, unfitCount)
    }

    /// Nothing was told after it, and nothing that was stored before has been lost. A fence that is much too high would end all that comes after it.
    func follows(_ seen: Int64) -> Bool {
        seen <= fence && fence - seen <= MirrorPlace.riseMax && seen >= toldFence
    }

    private static func record(
        _ bytes: [UInt8], _ fields: [RecordField], of type: RecordType, _ arena: Arena, _ unfitCount: inout Int
    ) throws -> (id: RecordID, message: Message) {
        let sent: Message
        do {
            sent = try bytes.withUnsafeBytes { try WireCodec.decode($0, as: type.message, arena: arena) }
        } catch let error as WireError {
            throw invalid("It is no \(type.object): \(error).", field: "records")
        }
        let record = Message.make(type.message, in: arena)
        record.copyFields(from: sent, only: fields.map(\.descriptor))
        for field in fields where field.role == nil && !RecordValidator.violations(in: record, fields: [field]).isEmpty
        {
            record.clear(field.descriptor)
            unfitCount += 1
        }
        let missing = fields.filter { $0.isAlwaysSet && !record.has($0.descriptor) }.map(\.name)
        let wrong = RecordValidator.violations(in: record, fields: fields).map(\.field)
        guard missing.isEmpty, wrong.isEmpty, let id = record.id(type.standard.id.descriptor),
            record.int64(type.standard.version.descriptor) > 0
        else { throw invalid("Of a \(type.object) \((missing + wrong + ["version"])[0]) is wrong.", field: "records") }
        return (id, record)
    }

    private static func id(_ bytes: [UInt8], field: String) throws -> RecordID {
        guard let id = RecordID(bytes: bytes) else { throw invalid("An id has 16 bytes.", field: field) }
        return id
    }

    private static func invalid(_ message: String, field: String) -> RPCError {
        RecordErrors.invalid(.mirrorNewsInvalid, message, field: field)
    }
}

extension RecordID {
    /// Before all ids of records.
    static let zero = RecordID(high: 0, low: 0)
}
