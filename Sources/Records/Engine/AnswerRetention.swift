package import Tenancy

/// Forgets the answers of requests after their time where nothing new comes that would take them with it.
package enum AnswerRetention {
    /// Answers that one step forgets.
    package static let rowsAtOnce: Int64 = 1_000

    /// Forgets what is older than is promised, a part of it.
    /// - Returns: how many are gone; less than `rowsAtOnce` when no more are there.
    package static func step(_ transaction: RecordTransaction, now: Timestamp) async throws -> Int64 {
        let (statement, parameters) = StoredAnswer.removal(
            before: now.advanced(by: .zero - StoredAnswer.keptFor), countMax: rowsAtOnce)
        return Int64(try await transaction.query(statement, parameters).count)
    }
}
