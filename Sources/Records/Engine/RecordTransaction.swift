package import AccessControl
import Logging
import Observability
package import Postgres
package import RPC
import Reactor
package import Tenancy
package import Wire

/// A transaction of a custom method, a rule or a program: authorised loads, writes with their ledger rows, and SQL of one's own, all
/// in the actor's tenant. How changes get in is in RecordTransaction+Write.swift.
// SAFETY: belongs to one call, whose task runs on one loop.
package final class RecordTransaction: @unchecked Sendable {
    package let context: CallContext
    package let actor: TenantActor
    /// Who is told to have made the changes, where a program with rights of its own makes them at somebody's word; nil: the actor.
    package var author: Actor?
    let engine: RecordEngine
    private let sql: PostgresTransaction
    /// By which calls are opened.
    private var policy: PolicySnapshot?
    /// References to records of other services that were found to exist before the transaction, which must not wait for others.
    private(set) var knownReferences: Set<RecordReference>
    /// The moment that everything written here bears.
    package let now: Timestamp
    private var calls: [String: RecordCall] = [:]
    /// What was written, in order.
    private(set) var changes: [RecordChange] = []
    /// Statements of methods and rules that were sent without asking for rows.
    private(set) var statementCount = 0
    /// What was found and is held, by object.
    private var heldRecords: [String: any Sendable] = [:]
    /// Its COMMIT leaves something to do for programs of this process.
    private(set) var ringsAfterCommit = false
    /// It is taken back, whatever becomes of it: what rules do elsewhere they leave out.
    package private(set) var isPreview = false
    /// It wrote rows of the ledger beside changes.
    private(set) var tellsFeed = false
    /// The changes whose rules run now, the innermost last.
    var causes: [RecordChange] = []
    /// What need not be done again for further changes.
    private var done: Set<String> = []
    /// Of all that is read and written here: whoever works on many records need not think of it.
    private var pace = Pace()

    package func step() async { await pace.step() }

    func map<Elements: Sequence, Value>(
        _ elements: Elements, _ transform: (Elements.Element) throws -> Value
    ) async rethrows -> [Value] { try await pace.map(elements, transform) }

    init(
        _ engine: RecordEngine, _ context: CallContext, _ actor: TenantActor, _ sql: PostgresTransaction,
        call: RecordCall? = nil, policy: PolicySnapshot? = nil, knownReferences: Set<RecordReference> = []
    ) {
        self.actor = actor
        self.engine = engine
        self.context = context
        self.sql = sql
        self.policy = policy
        self.knownReferences = knownReferences
        now = call?.now ?? .now()
        if let call { calls[call.type.object] = call }
    }

    /// The actor's rights on a record type, found once for each type.
    package func call(_ type: RecordType) async throws -> RecordCall {
        if let call = calls[type.object] { return call }
        let call: RecordCall
        if let other = calls.values.first {
            call = try other.with(type)
        } else {
            call = try await engine.open(context, as: actor, type, writes: true, now: now, knowing: policy)
        }
        calls[type.object] = call
        return call
    }

    /// A kind of records in the workspace, as grants call it; nil for one that the service does not keep.
    func type(_ object: String) async throws -> RecordType? { engine.type(object, in: try await model()) }

    /// What the workspace has added and defined.
    func model() async throws -> TenantModel {
        if let known = calls.values.first?.policy ?? policy { return known.model }
        return try await engine.policy(context, of: actor).model
    }

    /// By which calls are opened.
    func currentPolicy() async throws -> PolicySnapshot {
        if let known = calls.values.first?.policy ?? policy { return known }
        return try await engine.policy(context, of: actor)
    }

    /// Goes on as if the workspace had another model: what this transaction itself has made of it is in no policy yet.
    package func adopt(_ model: TenantModel) async throws {
        let known =
            if let known = calls.values.first?.policy ?? policy { known } else {
                try await engine.policy(context, of: actor, writes: true)
            }
        policy = known.with(model)
        calls.removeAll()
    }

    /// Runs a statement of one's own in the tenant's schema.
    package func query(_ statement: Statement, _ parameters: Parameters = Parameters()) async throws -> Rows {
        try await sql.query(statement, parameters)
    }

    /// Sends a statement of one's own with the next round trip; its rows are thrown away.
    package func enqueue(_ statement: Statement, _ parameters: Parameters) throws {
        statementCount += 1
        try sql.enqueue(statement, parameters)
    }

    /// The same for a statement with its values.
    func enqueue(_ query: (Statement, Parameters)) throws { try sql.enqueue(query.0, query.1) }

    /// Loads and locks a record that the caller may do the action with.
    ///
    /// - Parameters:
    ///   - version: when given, the version that the record must have.
    /// - Throws: INVALID_ARGUMENT for no id; NOT_FOUND when there is none that the caller may read; PERMISSION_DENIED
    ///   when it may be read only; ABORTED when it has another version.
    package func load(
        _ type: RecordType, id text: String?, for action: Action, version: Int64? = nil
    ) async throws -> LoadedRecord {
        let record = try await load(type, id: text, for: action, lifetime: .living)
        let current = record.message.int64(type.standard.version.descriptor)
        if let version, version != current { throw RecordErrors.versionConflict(type, current: current) }
        return record
    }

    func load(
        _ type: RecordType, id text: String?, for action: Action, lifetime: Lifetime
    ) async throws -> LoadedRecord {
        let call = try await call(type)
        try call.require(action)
        let id = try RecordEngine.id(text, field: type.standard.id.name)
        var parameters = Parameters()
        parameters.append(id)
        let statement = type.lookups.lock.statement(lifetime, call, .read, &parameters)
        let rows = try await sql.query(statement, parameters)
        guard let row = rows.first else { throw RecordErrors.notFound(type, id: id.text) }
        return try loaded(row, call, for: action)
    }

    /// Loads and locks, in the order of their ids, those of the records that the caller may read; each as if loaded alone.
    ///
    /// - Throws: RESOURCE_EXHAUSTED with ANSWER_TOO_LONG when they hold more than may be in memory at once.
    func load(
        _ type: RecordType, ids: [RecordID], for action: Action, lifetime: Lifetime
    ) async throws -> [RecordID: Result<LoadedRecord, any Error>] {
        let call = try await call(type)
        try call.require(action)
        let sorted = ids.sorted()
        var records: [RecordID: Result<LoadedRecord, any Error>] = [:]
        var bytes = 0
        for part in call.type.parts(of: sorted) {
            var parameters = Parameters()
            parameters.append(part)
            let statement = type.lookups.lockEach.statement(lifetime, call, .read, &parameters)
            for row in try await sql.query(statement, parameters) {
                bytes += RowBytes.count(row, of: type)
                guard bytes <= RowBytes.bytesAtOnce else { throw RowBytes.tooMany(type) }
                records[try row.id(type.standard.id.firstColumn)] = Result { try loaded(row, call, for: action) }
                await step()
            }
        }
        return records
    }

    private func loaded(_ row: Row, _ call: RecordCall, for action: Action) throws -> LoadedRecord {
        let record = try LoadedRecord(row, call, .right(action), in: context.arena)
        // What may be read was selected by that.
        if action != .read { try record.requireWithin(call.predicate(action), action) }
        return record
    }

    /// Whether a reference was found before the transaction.
    package func knows(_ reference: RecordReference) -> Bool { knownReferences.contains(reference) }

    /// Takes references to records of other services as found that were found when a caller asked for this work.
    package func assume(_ references: Set<RecordReference>) { knownReferences.formUnion(references) }

    /// Whether this is to be done for what is written now: once for all changes, and again after those for which it was done were taken back.
    package func isFirst(_ deed: String) -> Bool { done.insert(deed).inserted }

    /// Whether it was done.
    package func isDone(_ deed: String) -> Bool { done.contains(deed) }

    /// Has the engine's bell rung after COMMIT.
    package func ringAfterCommit() { ringsAfterCommit = true }

    /// Has readers of the feed look after COMMIT.
    func tellFeed() { tellsFeed = true }

    /// Runs `body` so that what it wrote can be taken back alone: when it is refused, or a constraint of the database refuses it, nothing of
    /// it stays and the transaction goes on.
    package func alone<Value>(_ body: () async throws -> Value) async throws -> Value {
        let (count, doneBefore) = (changes.count, done)
        do {
            return try await sql.savepoint(body)
        } catch {
            changes.removeSubrange(count...)
            done = doneBefore
            // Locks that were taken since are given back.
            heldRecords.removeAll()
            throw error
        }
    }

    /// The same of a record among many: one that cannot be changed so stays as it is, and the log says why.
    ///
    /// - Returns: nil for one that stays.
    /// - Throws: what is no fault of the record, and passes: then none of the others would fare better.
    func unlessRefused<Value>(_ record: LoadedRecord, _ body: () async throws -> Value) async throws -> Value? {
        do {
            return try await alone(body)
        } catch let error as RPCError {
            let passing: [StatusCode] = [.unavailable, .deadlineExceeded, .cancelled, .aborted]
            if passing.contains(error.code) { throw error }
            context.logger.warning(
                "a record was passed over",
                metadata: [
                    LogKey.object: "\(record.type.object)", LogKey.errorReason: "\(error.reason)",
                    LogKey.error: "\(error.message)",
                ])
            return nil
        }
    }

    /// Does what `body` does and takes it back, so that what would refuse it later refuses it now, and nobody hears of it.
    ///
    /// - Returns: what `body` found.
    package func trying<Found: Sendable>(_ body: () async throws -> Found) async throws -> Found {
        let isWithin = isPreview
        isPreview = true
        defer { isPreview = isWithin }
        do {
            return try await alone { throw Undone(found: try await body()) }
        } catch let undone as Undone<Found> {
            return undone.found
        }
    }

    /// Finds what methods and rules need to know of records that are held until the transaction ends: each is looked for once, until the
    /// transaction itself changes one of its type.
    ///
    /// - Returns: those with these ids, and those found before.
    package func held<Value: Identifiable & Sendable>(
        _ ids: [RecordID], of type: RecordType, find: ([RecordID]) async throws -> [Value]
    ) async throws -> [RecordID: Value] where Value.ID == RecordID {
        var known = heldRecords[type.object] as? [RecordID: Value] ?? [:]
        let missing = Set(ids).subtracting(known.keys)
        guard !missing.isEmpty else { return known }
        for value in try await find(Array(missing)) { known[value.id] = value }
        heldRecords[type.object] = known
        return known
    }

    /// A change was written.
    func note(_ change: RecordChange) {
        changes.append(change)
        heldRecords[change.type.object] = nil
    }

    /// A record that was loaded or written here, as the caller may see it. The record itself stays as it is.
    package func present(_ record: Message) -> Message {
        guard let call = calls.values.first(where: { $0.type.message == record.descriptor }) else {
            preconditionFailure("no \(record.descriptor) was loaded or written in this transaction")
        }
        return call.present(record)
    }

    /// The same as a generated value.
    package func present<Value: WireMessage>(_ record: Message, as value: Value.Type) -> Value {
        present(record).value(value)
    }

    /// Sends the stored answer with COMMIT. Throws RESOURCE_EXHAUSTED for an answer that the caller could not get, which
    /// rolls back.
    func store(_ answer: [UInt8], under stored: StoredAnswer?) throws {
        try MessageLimits.check(answer)
        for query in stored?.statements(answer, by: actor, at: now) ?? [] { try enqueue(query) }
    }
}

/// A record that was loaded and locked in a transaction.
// SAFETY: belongs to one call, whose task runs on one loop.
package struct LoadedRecord: @unchecked Sendable {
    package let call: RecordCall
    /// As stored; not filtered, and not to be changed.
    package let message: Message
    /// By what it may be changed.
    let basis: Basis

    enum Basis {
        /// The caller may do this with it, as was asked when it was loaded.
        case right(Action)
        /// It is a part of another record, which decides.
        case part
    }

    /// When the statement that found it began, by the database's clock: what ends then has ended.
    let foundAt: Timestamp

    /// For what it may be used by what it belongs to, as was found then.
    let follows: Set<ShareUse>

    /// What a statement that finds records to be loaded for a call selects.
    static func columns(_ call: RecordCall, _ parameters: inout Parameters) -> String {
        columns(call.type.columnList) + followingColumns(call, &parameters)
    }

    /// The same of parts, and of statements to which the rest is added for a call.
    static func columns(_ columnList: String) -> String { "\(columnList), statement_timestamp()" }

    /// For what it may be used by what it belongs to, where that may be something.
    static func followingColumns(_ call: RecordCall, _ parameters: inout Parameters) -> String {
        guard call.mayFollow else { return "" }
        return [ShareUse.reading, .writing].map { use in
            ", " + (call.parents(for: use).condition(call, call.access.audience, use, &parameters) ?? "false")
        }.joined()
    }

    /// From a row of these columns, as a message of the shape that the type has in the workspace.
    init(_ row: Row, _ call: RecordCall, _ basis: Basis, in arena: Arena) throws {
        (self.call, message) = (call, try call.type.record(row, in: arena))
        let place = call.type.columnCount
        (self.basis, foundAt) = (basis, try row.timestamp(place))
        guard case .right = basis, call.mayFollow else {
            follows = []
            return
        }
        follows = Set(
            (try row.bool(place + 1) ? [.reading] : []) + (try row.bool(place + 2) ? [.writing] : []))
    }

    /// Throws PERMISSION_DENIED unless the record was loaded for the action, is a part, or the caller may do it: a method that loads a
    /// record to read it does not change it past the caller's rights.
    func require(_ action: Action) throws {
        switch basis {
        case .part: return
        case .right(let asked) where asked == action: return
        case .right:
            try call.require(action)
            try requireWithin(call.predicate(action), action)
        }
    }

    /// Throws PERMISSION_DENIED unless the record is one of those that are selected, by its owner, its department or its shares.
    func requireWithin(_ predicate: ScopePredicate, _ action: Action) throws {
        guard
            predicate.admits(
                owner: owner, unit: department, shares: type.shares(of: message),
                selections: type.selections(of: message), follows: follows, at: foundAt)
        else {
            throw RecordErrors.outOfScope(action, type)
        }
    }

    package var type: RecordType { call.type }

    /// As a generated value, not filtered.
    package func value<Value: WireMessage>(_ type: Value.Type) -> Value { self.type.told(message).value(type) }

    package var id: RecordID {
        guard let id = message.id(type.standard.id.descriptor) else { preconditionFailure("a stored record has an id") }
        return id
    }

    /// Its deletion, now.
    func deletion(cause: RecordChange? = nil) -> RecordChange {
        let after = message.copy()
        after.set(type.standard.deleteTime.name, call.now)
        return RecordChange(.delete, call, before: message, after: after, cause: cause)
    }

    /// Its return as it was.
    func restoration(cause: RecordChange? = nil) -> RecordChange {
        let after = message.copy()
        after.clear(type.standard.deleteTime.descriptor)
        return RecordChange(.restore, call, before: message, after: after, cause: cause)
    }

    var owner: RecordID? { type.owner(of: message) }

    var department: RecordID? { type.department(of: message) }
}

extension Message {
    /// A message of its own that shares the values; setting a field of one leaves the other alone.
    func copy() -> Message {
        let copy = Message.make(descriptor, in: arena)
        copy.copyFields(from: self, only: descriptor.fields)
        return copy
    }
}

extension RecordCall {
    /// A record as the caller may see it. The record itself stays as it is.
    package func present(_ record: Message) -> Message {
        let hasTags = type.standard.tags.map { record.has($0.descriptor) } ?? false
        guard !rights.areWhole || hasTags else { return type.told(record) }
        // Masking changes nested messages, which a shallow copy shares.
        let copy = !rights.areWhole ? record.deepCopy() : record.copy()
        rights.filter(copy)
        return type.told(copy)
    }
}

extension Message {
    /// A message that shares nothing but nested messages of custom fields.
    func deepCopy() -> Message {
        let bytes = WireCodec.encode(based)
        let copy = bytes.withUnsafeBytes { buffer in
            try? WireCodec.decode(buffer, as: descriptor.base, arena: arena)
        }
        guard let copy else { preconditionFailure("what was encoded can be decoded") }
        guard descriptor != descriptor.base else { return copy }
        let whole = copy.extended(by: descriptor)
        whole.copyFields(from: self, only: Array(descriptor.fields.dropFirst(descriptor.base.fields.count)))
        return whole
    }
}

/// What was tried is taken back, and brings out what it found.
private struct Undone<Found: Sendable>: Error { let found: Found }
