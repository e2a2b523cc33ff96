import Contracts
import RPC
import Records
import Tenancy

/// What becomes of one kind of records when a user is transferred.
struct TransferredCount {
    private let method: MatchingMethod
    private let transfer: TransferCount
    private let user: UserID
    /// Where his records go with him; nil when they stay.
    private let department: RecordID?

    init(_ method: MatchingMethod, _ transfer: TransferCount, user: UserID, department: RecordID?) {
        (self.method, self.transfer, self.user, self.department) = (method, transfer, user, department)
    }

    /// Nil when the user sees none of the kind before and after, and takes none along. What may not be counted, or not in time, is left out and
    /// says why.
    func records(
        of service: ServiceName, _ context: CallContext, _ deadline: Deadline
    ) async throws -> TransferredRecords? {
        var records = TransferredRecords(object: method.recordType.object, service: service.rawValue)
        var isSeen = true
        try await orReason(&records) {
            guard let seen = try await transfer.count(method.recordType, deadline: deadline) else {
                isSeen = false
                return
            }
            ($0.gainedCount, $0.lostCount) = (seen.gained, seen.lost)
        }
        if let department {
            try await orReason(&records) {
                $0.movedCount = try await method.count(
                    leftBehindBy: user, outside: department, context, deadline: deadline)
            }
        }
        return isSeen || (records.movedCount ?? 0) > 0 ? records : nil
    }

    private func orReason(
        _ records: inout TransferredRecords, _ count: (inout TransferredRecords) async throws -> Void
    ) async throws {
        do {
            try await count(&records)
        } catch let error as RPCError where error.leavesOutCount {
            (records.reason, records.message) = (error.reason, error.message)
        }
    }
}
