import AccessControl
package import Tenancy
import Wire

/// The end of a share: nothing is allowed by one that has ended, and it is taken from its record, so that whoever watches is told.
package struct ShareEnding: Hashable, Sendable {
    package let object: String
    package let id: RecordID
    /// When it ends.
    package let time: Timestamp

    init(object: String, id: RecordID, time: Timestamp) {
        (self.object, self.id, self.time) = (object, id, time)
    }

    package init?(bytes: [UInt8]) {
        guard let id = RecordID(bytes: Array(bytes.prefix(16))), bytes.count > 24 else { return nil }
        let time = bytes[16..<24].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        self.init(
            object: String(decoding: bytes.dropFirst(24), as: UTF8.self), id: id, time: Timestamp(microseconds: time))
    }

    package var bytes: [UInt8] {
        id.bytes + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: time.microseconds >> $0) }
            + Array(object.utf8)
    }

    /// Takes what has ended from the record.
    ///
    /// - Returns: false when it is too early by the clock of the database.
    package func step(_ transaction: RecordTransaction) async throws -> Bool {
        guard let type = try await transaction.type(object), let field = type.standard.sharing?.shares else {
            return true
        }
        let records = try await transaction.load(type, ids: [id], for: .update, lifetime: .any)
        guard let record = try records[id]?.get() else { return true }
        guard record.foundAt >= time else { return false }
        let left = type.shareForms(of: record.message).filter {
            ShareForm.share($0)?.holds(at: record.foundAt) == true
        }
        try await transaction.update(record, by: .program) { message in
            message.setMessages(field.descriptor, left.map { $0.message(in: message.arena) })
        }
        return true
    }
}
