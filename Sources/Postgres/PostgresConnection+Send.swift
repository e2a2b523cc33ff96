import Reactor
import Tenancy

// Putting commands into the buffer. Nothing is written before `sync`, unless the buffer grows beyond libpq's 64 KB.
extension PostgresConnection {
    func send(_ command: ControlCommand) throws(PostgresError) {
        let name = UnsafeRawPointer(command.name.utf8Start).assumingMemoryBound(to: CChar.self)
        if !preparedControls[command.rawValue] {
            try put(.controlPrepare(command)) { $0.sendPrepare(name, command.text, []) }
            preparedControls[command.rawValue] = true
        }
        switch command {
        case .commit: try put(.commit) { $0.sendExecute(name) }
        case .rollback: try put(.rollback) { $0.sendExecute(name) }
        case .begin, .beginReadOnly, .beginSnapshot: try put(.begin) { $0.sendExecute(name) }
        case .resetRole: try put(.control) { $0.sendExecute(name) }
        }
    }

    /// What every transaction starts with: the tenant's role and the timeout, where they are not those of the one before, and the
    /// stamp from time to time.
    ///
    /// - Parameters:
    ///   - label: see `WorkAccount.databaseLabel`.
    ///   - isWhole: all of the transaction is sent in one unit and only reads: PostgreSQL treats the unit as a transaction, so it
    ///     needs no BEGIN and no COMMIT; that it only reads is the session's default.
    func sendBegin(_ scope: TransactionScope, label: String?, isWhole: Bool = false) throws(PostgresError) {
        let now = MonotonicTime.now()
        try checkTime(scope, now: now)
        session.begin(isFramed: !isWhole || label != nil || scope.lockTimeoutMilliseconds != nil)
        if session.isFramed { try send(scope.access.begin) }
        for name in orphans { try sendDeallocate(name) }
        orphans.removeAll()
        let slot = scope.slot.map { self.slot(for: $0) }
        slot?.lastUse = now
        try sendRole(scope.assumesRole ? slot : nil)
        try sendTimeout(scope.deadline - now)
        if let label { try sendLabel(label) }
        if let limit = scope.lockTimeoutMilliseconds {
            try sendUnprepared("SET LOCAL lock_timeout = \(limit)")
        }
        if let slot, let stamp = scope.stamp, slot.needsCheck(stamp, now: now) {
            try sendStamp(slot, stamp)
        }
    }

    func checkTime(_ scope: TransactionScope, now: UInt64) throws(PostgresError) {
        guard scope.deadline <= now else { return }
        throw PostgresError(.queryCanceled, "the deadline passed before the transaction began")
    }

    func send(
        _ statement: Statement, _ parameters: Parameters, in slot: SlotKey?, isKept: Bool = true
    ) throws(PostgresError) {
        try send(statement, parameters, in: slot, expecting: .rows(isKept: isKept))
    }

    /// A command without parameters that is used once. Never text of a request.
    func sendUnprepared(_ text: String, isKept: Bool = false) throws(PostgresError) {
        try put(.rows(isKept: isKept)) { $0.sendText(text) }
    }

    func slot(for key: SlotKey) -> TenantSlot {
        if let lastSlot, lastSlot.key == key { return lastSlot }
        if let slot = slots[key] {
            lastSlot = slot
            return slot
        }
        guard let schema = TenantSchema(tenantID: key.tenantID, service: key.service) else {
            preconditionFailure("\(key.service) keeps no tenant data")
        }
        let slot = TenantSlot(schema: schema, number: slots.count + 1)
        slots[key] = slot
        lastSlot = slot
        return slot
    }

    /// Assumes the tenant's role, or gives it back.
    func sendRole(_ slot: TenantSlot?) throws(PostgresError) {
        guard session.current.role != slot?.key else { return }
        session.current.role = slot?.key
        guard let slot else { return try send(.resetRole) }
        if !slot.isRolePrepared {
            let text = "SET ROLE \(slot.schema.role)"
            try put(.rolePrepare(slot)) { $0.sendPrepare(slot.roleCommand, text, []) }
            slot.isRolePrepared = true
        }
        try put(.role(slot)) { $0.sendExecute(slot.roleCommand) }
    }

    private func sendTimeout(_ remaining: UInt64) throws(PostgresError) {
        let rung = TimeoutRung.index(forNanoseconds: remaining)
        guard session.current.timeoutRung != rung else { return }
        session.current.timeoutRung = rung
        let name = TimeoutRung.names[rung]
        if !preparedTimeouts[rung] {
            try put(.timeoutPrepare(rung)) { $0.sendPrepare(name, TimeoutRung.text(rung), []) }
            preparedTimeouts[rung] = true
        }
        try put(.control) { $0.sendExecute(name) }
    }

    /// Until the end of the transaction pg_stat_activity and the log of PostgreSQL show the label. Utility commands take no
    /// parameters, and each label is used once, so the text is sent; anything that could end the literal is left out.
    private func sendLabel(_ label: String) throws(PostgresError) {
        let safe = label.unicodeScalars.filter {
            ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
                || " ./".unicodeScalars.contains($0)
        }
        try sendUnprepared("SET LOCAL application_name = '\(String(String.UnicodeScalarView(safe)))'")
    }

    private func sendStamp(_ slot: TenantSlot, _ stamp: SchemaStamp) throws(PostgresError) {
        try send(
            TenantSlot.stampStatement, slot.stampParameters(stamp), in: slot.key,
            expecting: .stamp(slot, stamp))
    }

    private func send(
        _ statement: Statement, _ parameters: Parameters, in slot: SlotKey?, expecting: Expectation
    ) throws(PostgresError) {
        if parameters.arePlannedFor {
            let text = statement.text(for: slot.flatMap { slots[$0]?.schema })
            return try put(expecting) { $0.sendText(text, parameters) }
        }
        switch statements.use(statement, in: slot, parameters.entries) {
        case .found(let prepared):
            try put(expecting) { $0.sendExecute(prepared.name, parameters) }
        case .missing(let new, let evicted):
            _ = try sendPrepare(new, evicting: evicted)
            try put(expecting) { $0.sendExecute(new.name, parameters) }
        }
    }

    /// Returns the text.
    private func sendPrepare(
        _ new: PreparedStatement, evicting evicted: PreparedStatement?
    ) throws(PostgresError) -> String {
        if let evicted { try sendDeallocate(evicted.name) }
        let text = new.statement.text(for: new.key.slot.flatMap { slots[$0]?.schema })
        try put(.prepare(new)) { $0.sendPrepare(new.name, text, new.types) }
        return text
    }

    /// Prepares a statement that another connection has. Parsing it loads what the server must know of the tables; planning loads the
    /// rest, indexes above all, and is done beside the prepared statement, whose own first plans shall be for real values.
    func sendWarming(_ other: PreparedStatement) throws(PostgresError) {
        guard let (new, evicted) = statements.learn(other) else { return }
        let text = try sendPrepare(new, evicting: evicted)
        guard text.hasPrefix("SELECT") else { return }
        try put(.rows(isKept: false)) { $0.sendText("EXPLAIN \(text)", nullsOf: new.types) }
    }

    /// COMMIT, where there was a BEGIN; from here to its answer the outcome of a writing transaction depends on the connection.
    func sendCommit(_ access: TransactionAccess) throws(PostgresError) {
        guard session.isFramed else { return }
        try send(.commit)
        isCommitOpen = access == .readWrite
    }

    private func sendDeallocate(_ name: String) throws(PostgresError) {
        try put(.deallocate(name)) { $0.sendText("DEALLOCATE \(name)") }
    }

    private func put(
        _ expectation: Expectation, _ send: (Libpq) -> Bool
    ) throws(PostgresError) {
        loop.assertCurrent()
        beginUnit()
        guard let libpq else { throw closed }
        guard send(libpq) else {
            let error = PostgresError(.connectionLost, libpq.message)
            close(error)
            throw error
        }
        expected.append(expectation)
    }
}
