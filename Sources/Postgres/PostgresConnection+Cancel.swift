import Reactor

// Ending what takes too long.
extension PostgresConnection {
    /// Called every few milliseconds while the connection is leased.
    func enforceDeadline(now: UInt64) {
        guard isExchanging else { return }
        if now >= abandonTime {
            close(PostgresError(.connectionLost, "no answer came after the request to cancel"))
        } else if now >= deadline {
            requestCancel()
        }
    }

    /// Asks the server to cancel what runs. The request travels on its own connection, from a worker, since libpq
    /// blocks for it.
    func requestCancel() {
        guard isExchanging, !isCancelRequested else { return }
        isCancelRequested = true
        abandonTime = MonotonicTime.now() + Self.abandonAfter
        guard let canceller = libpq?.canceller() else { return }
        isCancelUnderWay = true
        let (loop, workers) = (self.loop, self.workers)
        loop.spawn {
            // Refused by a full pool, the request is not sent; the statement timeout or `abandonTime` ends it.
            try? await workers.run { canceller.send() }
            self.isCancelUnderWay = false
            self.onCancelArrived?()
            self.onCancelArrived = nil
        }
    }

    /// Brings a connection that comes back from a lease to rest: outside a transaction, and with no request to cancel on
    /// its way that could hit the next user. False when that failed; the connection is closed then.
    func rest() async -> Bool {
        if isCancelUnderWay {
            await withUnsafeContinuation { continuation in onCancelArrived = { continuation.resume() } }
        }
        guard isOpen else { return false }
        isCommitOpen = false
        do throws(PostgresError) {
            // What was sent but not ended may fail, and the ROLLBACK would be skipped with it.
            if isExchanging { try? await exchange(deadline: restDeadline) }
            try await rollback()
        } catch {
            return fold(error)
        }
        return isOpen && !isInTransaction
            || fold(PostgresError(.other, "a transaction is open after ROLLBACK"))
    }

    /// A late cancel may hit the ROLLBACK itself; it can do so only once.
    private func rollback() async throws(PostgresError) {
        do throws(PostgresError) {
            try send(.rollback)
            try await exchange(deadline: restDeadline)
        } catch  where error.kind == .queryCanceled && isOpen {
            try send(.rollback)
            try await exchange(deadline: restDeadline)
        }
    }

    private var restDeadline: UInt64 { MonotonicTime.now() + Self.abandonAfter }

    private func fold(_ error: PostgresError) -> Bool {
        close(error)
        return false
    }
}
