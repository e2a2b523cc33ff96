/// A transaction that its body drives: each `query` is one round trip, `enqueue` rides with the next one.
///
/// BEGIN, the role, the timeout and the stamp ride with the first. After an error nothing more can be sent, and every
/// attempt throws the same error again, whatever the body caught. Confined to the loop of its connection.
package final class PostgresTransaction: @unchecked Sendable {
    // SAFETY: confined to the loop of its connection, which asserts it at each step.
    private enum State {
        case unsent, open, ended
        case failed(PostgresError)
    }

    private let connection: PostgresConnection
    private let scope: TransactionScope
    private let label: String?
    private var state = State.unsent
    private var hasEnqueued = false
    private var isWaiting = false
    private var sentCount = 0

    /// Statements in one transaction: beyond this, work belongs into several.
    package static let statementCountMax = 20_000

    /// - Parameter label: see `WorkAccount.databaseLabel`.
    init(_ connection: PostgresConnection, _ scope: TransactionScope, label: String?) {
        self.connection = connection
        self.scope = scope
        self.label = label
    }

    /// Runs a statement and waits for its rows.
    package func query(_ statement: Statement, _ parameters: Parameters) async throws(PostgresError) -> Rows {
        try send { connection throws(PostgresError) in
            try connection.send(statement, parameters, in: self.scope.slot)
        }
        try await exchange()
        return try connection.takeLastRows()
    }

    /// Sends a statement with the next round trip. Its rows are thrown away; its error fails that round trip.
    package func enqueue(_ statement: Statement, _ parameters: Parameters) throws(PostgresError) {
        try send { connection throws(PostgresError) in
            try connection.send(statement, parameters, in: self.scope.slot, isKept: false)
        }
        hasEnqueued = true
    }

    /// Runs the last statement and commits in the same round trip. Nothing may follow.
    package func finalQuery(
        _ statement: Statement, _ parameters: Parameters
    ) async throws(PostgresError) -> Rows {
        try send { connection throws(PostgresError) in
            try connection.send(statement, parameters, in: self.scope.slot)
            try connection.sendCommit(self.scope.access)
        }
        try await exchange()
        state = .ended
        return try connection.takeLastRows()
    }

    /// Runs a command without parameters that is used once: DDL of a migration. Never text of a request.
    package func enqueue(unsafeCommand text: String) throws(PostgresError) {
        try send { connection throws(PostgresError) in try connection.sendUnprepared(text) }
        hasEnqueued = true
    }

    /// The SCRAM verifier of a password, for ALTER ROLE … PASSWORD.
    package func passwordVerifier(_ password: String, user: String) throws(PostgresError) -> String {
        guard let text = connection.libpq?.passwordVerifier(password, user: user) else {
            throw PostgresError(.other, "libpq made no verifier of the password for \(user)")
        }
        return text
    }

    /// Waits until everything that was enqueued has been done.
    package func flush() async throws(PostgresError) {
        guard hasEnqueued else { return }
        try await exchange()
    }

    /// Runs `body` so that what it sent can be taken back alone. When it is refused, by itself or by a constraint of the database, all that
    /// it sent is taken back, its error is thrown, and the transaction goes on. Any other error of PostgreSQL ends the transaction as ever.
    package func savepoint<Value>(_ body: () async throws -> Value) async throws -> Value {
        // What was sent before fails by itself and not as a part of this.
        try await flush()
        try enqueue(unsafeCommand: "SAVEPOINT part")
        do {
            let value = try await body()
            // Skipped when a statement of the body fails in the same round trip.
            try enqueue(unsafeCommand: "RELEASE SAVEPOINT part")
            try await flush()
            return value
        } catch let error as PostgresError where !error.isConstraintViolation {
            throw error
        } catch {
            // What was sent and not answered yet may have been refused, too: the way back must not be a part of the same unit.
            do throws(PostgresError) { try await flush() } catch  where error.isConstraintViolation {}
            if case .failed(let failure) = state {
                guard failure.isConstraintViolation else { throw failure }
                state = .open
            }
            try enqueue(unsafeCommand: "ROLLBACK TO SAVEPOINT part")
            try enqueue(unsafeCommand: "RELEASE SAVEPOINT part")
            try await flush()
            throw error
        }
    }

    /// Ends the transaction after its body. One that sent nothing has nothing to end.
    func commit() async throws(PostgresError) {
        switch state {
        case .unsent, .ended: return
        case .failed(let error): throw error
        case .open: break
        }
        try send { connection throws(PostgresError) in try connection.sendCommit(self.scope.access) }
        try await exchange()
        state = .ended
    }

    private func send(
        _ body: (PostgresConnection) throws(PostgresError) -> Void
    ) throws(PostgresError) {
        precondition(!isWaiting, "a transaction runs one query at a time; use enqueue for several")
        sentCount += 1
        do throws(PostgresError) {
            switch state {
            case .unsent:
                try connection.sendBegin(scope, label: label)
                state = .open
            case .open: break
            case .ended: preconditionFailure("the transaction has ended")
            case .failed(let error): throw error
            }
            guard sentCount <= Self.statementCountMax else {
                throw PostgresError(
                    .other, "more than \(Self.statementCountMax) statements in one transaction")
            }
            try body(connection)
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private func exchange() async throws(PostgresError) {
        hasEnqueued = false
        isWaiting = true
        defer { isWaiting = false }
        do throws(PostgresError) {
            try await connection.exchange(scope)
        } catch {
            state = .failed(error)
            throw error
        }
    }
}
