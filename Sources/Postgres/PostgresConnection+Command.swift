// Commands that cannot run inside a transaction, such as CREATE DATABASE.
extension PostgresConnection {
    /// Runs the command as the login itself, with no timeout but the deadline. Never text of a request.
    func run(unsafeCommand text: String, deadline: UInt64) async throws(PostgresError) {
        try sendRole(nil)
        try sendUnprepared("SET statement_timeout = 0")
        session.current.timeoutRung = nil
        try sendUnprepared("SET default_transaction_read_only = off")
        try await exchange(deadline: deadline)
        do throws(PostgresError) {
            try sendUnprepared(text)
            try await exchange(deadline: deadline)
        } catch {
            if isOpen { try? await onlyRead(deadline: deadline) }
            throw error
        }
        try await onlyRead(deadline: deadline)
    }

    private func onlyRead(deadline: UInt64) async throws(PostgresError) {
        do throws(PostgresError) {
            try sendUnprepared("SET default_transaction_read_only = on")
            try await exchange(deadline: deadline)
        } catch {
            close(error)
            throw error
        }
    }
}
