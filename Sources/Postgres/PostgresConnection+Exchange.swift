import Reactor
import Tenancy

// Writing what was sent, taking what comes back.
extension PostgresConnection {
    /// Ends the unit, writes it and waits until the server has answered all of it. The kept results are in `kept`.
    ///
    /// When the deadline passes or the Task is cancelled, the server is asked to cancel the statement, and its answer
    /// is waited for (a second at most), so that the outcome is known.
    func exchange(deadline: UInt64) async throws(PostgresError) {
        try sync(deadline: deadline)
        let number = exchangeNumber
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if isExchanging { waiter = continuation } else { continuation.resume() }
            }
        } onCancel: {
            loop.execute { if self.exchangeNumber == number { self.requestCancel() } }
        }
        guard let error = failure else { return }
        failure = nil
        leaseError = error
        throw error
    }

    /// The same for a transaction: `.readTimeout` when the time for reads is what ran out.
    func exchange(_ scope: TransactionScope) async throws(PostgresError) {
        do throws(PostgresError) {
            try await exchange(deadline: scope.deadline)
        } catch  where error.kind == .queryCanceled && scope.readTimeout != nil && MonotonicTime.now() >= scope.deadline
        {
            var timeout = PostgresError(.readTimeout, error.message, sqlState: error.sqlState)
            timeout.limit = scope.readTimeout
            throw timeout
        }
    }

    /// Why nothing can be sent any more.
    var closed: PostgresError {
        PostgresError(.connectionLost, closeReason?.message ?? "the connection is closed")
    }

    /// Before the first command of a unit. What has come back of a long unit before its end belongs to it: an error in it, above all.
    func beginUnit() {
        guard expected.isEmpty else { return }
        kept.removeAll(keepingCapacity: true)
        failure = nil
    }

    /// Ends the unit and writes it, without waiting.
    func sync(deadline: UInt64) throws(PostgresError) {
        loop.assertCurrent()
        beginUnit()
        self.deadline = deadline
        isCancelRequested = false
        abandonTime = .max
        exchangeNumber += 1
        guard let libpq else { throw closed }
        guard libpq.sendSync() else { throw lost() }
        expected.append(.sync)
        try write()
    }

    func ready(_ readiness: Readiness) {
        guard let libpq else { return }
        if readiness.contains(.write) {
            do throws(PostgresError) { try write() } catch { return }
        }
        guard !readiness.isDisjoint(with: [.read, .error, .hangUp]) else { return }
        let isAlive = libpq.receive()
        drain(libpq)
        if self.libpq != nil, !isAlive || !libpq.isAlive { _ = lost() }
    }

    private func write() throws(PostgresError) {
        guard let libpq, let watch else { throw lost() }
        let result = libpq.flush()
        guard result != .broken else {
            // What the server said before it hung up tells more than the failed write.
            _ = libpq.receive()
            drain(libpq)
            throw lost()
        }
        do { try watch.update(result == .blocked ? [.read, .write] : .read) } catch { throw lost() }
    }

    private func lost() -> PostgresError {
        guard let libpq else { return failure ?? closed }
        let error = PostgresError(.connectionLost, libpq.message)
        // With only the sync unanswered, all that the caller asked for is done.
        if expected.count - cursor == 1, case .sync = expected[cursor] { finish() }
        close(error)
        return failure ?? error
    }

    /// Takes every result that is there.
    private func drain(_ libpq: Libpq) {
        var marks = 0
        while isExchanging, !libpq.isBusy {
            guard let result = libpq.nextResult() else {
                // One mark stands between two commands; more mean that the connection is dead.
                marks += 1
                if marks > 1 { return }
                continue
            }
            marks = 0
            take(result)
            if let failure, failure.endsConnection { return close(failure) }
        }
    }

    private func take(_ result: LibpqResult) {
        let expectation = expected[cursor]
        cursor += 1
        switch result.status {
        case .tuples, .command: succeed(expectation, result)
        case .aborted: undo(expectation)
        case .sync: finish()
        case .failed:
            fail(expectation, result)
            undo(expectation)
            // A transaction that cannot be committed is over, too.
            if case .commit = expectation { session.rollBack() }
        }
    }

    private func succeed(_ expectation: Expectation, _ result: LibpqResult) {
        switch expectation {
        case .rows(isKept: true): kept.append(Rows(result))
        case .commit:
            isCommitOpen = false
            guard !result.saysRollback else {
                failure = failure ?? PostgresError(.other, "COMMIT of a transaction in which a statement had failed")
                return session.rollBack()
            }
            session.commit()
        case .rollback: session.rollBack()
        case .begin: session.opened()
        case .role(let slot): slot.isRoleKnown = true
        case .stamp(let slot, let stamp):
            slot.stampCheckTime = loop.now
            slot.stamp = stamp
        default: break
        }
    }

    /// A PREPARE that failed or was skipped has prepared nothing.
    private func undo(_ expectation: Expectation) {
        switch expectation {
        case .controlPrepare(let command): preparedControls[command.rawValue] = false
        case .rolePrepare(let slot): slot.isRolePrepared = false
        case .timeoutPrepare(let rung): preparedTimeouts[rung] = false
        case .prepare(let statement): statements.forget(statement)
        case .deallocate(let name): orphans.append(name)
        case .commit: isCommitOpen = false
        default: break
        }
    }

    private func fail(_ expectation: Expectation, _ result: LibpqResult) {
        guard failure == nil else { return }
        guard let report = result.report else {
            // libpq's own words: the connection broke, and the server may have done all of it.
            failure = PostgresError(.connectionLost, result.message, isOutcomeUnknown: isCommitOpen)
            return
        }
        let error = PostgresError(report)
        if case .role(let slot) = expectation, error.kind == .insufficientPrivilege {
            slot.isRoleKnown = false
            failure = PostgresError(.roleRefused, error.message, sqlState: error.sqlState)
            return
        }
        if case .sync = expectation {
            // The server says farewell after it has done all that the caller asked for.
            finish()
            return close(error)
        }
        guard case .stamp(let slot, _) = expectation, !error.endsConnection, error.kind != .queryCanceled
        else {
            failure = error
            return
        }
        slot.stampCheckTime = nil
        failure = PostgresError(
            .stampMismatch,
            "schema \(slot.schema.name) is not a \(slot.schema.service) schema of this tenant in an accepted "
                + "version: \(error.message)", sqlState: error.sqlState)
    }

    private func finish() {
        session.unitEnded(failed: failure != nil)
        expected.removeAll(keepingCapacity: true)
        cursor = 0
        deadline = .max
        abandonTime = .max
        resumeWaiter()
    }
}
