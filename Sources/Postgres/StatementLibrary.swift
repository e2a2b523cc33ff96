import Synchronization

/// Statements of composed text, each made once: a connection knows a prepared statement by the statement's identity.
///
/// Lists have as many shapes as clients think of, so the library is bounded: it keeps two generations, and when the
/// younger is full the older is forgotten.
final class StatementLibrary: Sendable {
    /// Statements in one generation; a text has about 1 KiB.
    static let generationCountMax = 2048

    /// That of the process.
    static let shared = StatementLibrary()

    private struct Generations {
        var young: [String: Statement] = [:]
        var old: [String: Statement] = [:]
    }

    private let generations = Mutex(Generations())

    /// - Parameter isScan: see `Statement.isScan`; the same each time for a text.
    func statement(_ text: String, isScan: Bool) -> Statement {
        generations.withLock { known in
            if let statement = known.young[text] { return statement }
            let statement = known.old[text] ?? Statement(unsafeGenerated: text, isScan: isScan)
            if known.young.count >= StatementLibrary.generationCountMax {
                known.old = known.young
                known.young = [:]
            }
            known.young[text] = statement
            return statement
        }
    }
}

extension Statement {
    /// The statement of a text that the record engine or a `Query` composes, the same one each time. The caller vouches that no part of it
    /// comes from a request.
    ///
    /// - Parameter isScan: the same each time for a text.
    package static func known(unsafeGenerated text: String, isScan: Bool = false) -> Statement {
        StatementLibrary.shared.statement(text, isScan: isScan)
    }
}
