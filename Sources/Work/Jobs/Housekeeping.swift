package import Contracts
import RPC
import Records
import Tenancy

/// What every service does in every workspace each night: forgets the answers of requests, the jobs that ended and the events of
/// the feed whose time is over.
package enum Housekeeping {
    /// How long a job is kept after its end.
    package static let jobsKeptFor = Duration.seconds(30 * 86_400)
    private static let jobsAtOnce: Int64 = 1_000

    /// - Parameter service: whose method is in the ledger if anything were; nothing here is a record.
    package static func job(_ service: JobServiceOf) -> JobDefinition {
        JobDefinition(
            "housekeeping", for: .keepHouse, doing: service.runJob, schedule: .daily(TimeOfDay(1)),
            spread: .seconds(4 * 3600),
            missed: .once
        ) { run, transaction in
            let part = run.checkpoint?.first.flatMap { Part(rawValue: $0) } ?? .answers
            let (count, isOver) = try await part.step(transaction, run.now)
            let progress = JobProgress(done: run.progress.done + count)
            guard isOver else { return .goesOn(checkpoint: [part.rawValue], progress) }
            guard let next = Part(rawValue: part.rawValue + 1) else { return .done(progress) }
            return .goesOn(checkpoint: [next.rawValue], progress)
        }
    }

    /// In the order in which they are done; the numbers are stored.
    private enum Part: UInt8 {
        case answers, jobs, feed

        /// A part of it: how many rows it took, and whether no more are there.
        func step(_ transaction: RecordTransaction, _ now: Timestamp) async throws -> (Int64, isOver: Bool) {
            switch self {
            case .answers:
                let count = try await AnswerRetention.step(transaction, now: now)
                return (count, count < AnswerRetention.rowsAtOnce)
            case .jobs:
                let query = JobStatements.remove(
                    endedBefore: now.advanced(by: .zero - jobsKeptFor), countMax: jobsAtOnce)
                let count = Int64(try await transaction.query(query).count)
                return (count, count < jobsAtOnce)
            case .feed: return (0, isOver: try await !FeedRetention().step(transaction, now: now))
            }
        }
    }
}
