package import RPC

/// What a record type does besides storing: each hook is optional and does one thing.
package struct RecordHooks: Sendable {
    /// Fills defaults in `change.after` before it is validated. Must not wait.
    package typealias Prepare = @Sendable (RecordChange) throws -> Void
    /// Looks at several fields together, after each alone was found right. Answers what is wrong; the path of a
    /// violation is the field's name, the engine puts the request's path before it.
    package typealias Validate = @Sendable (RecordChange) -> [FieldViolation]
    /// Runs inside the transaction, before the record is written and with its old state locked. May query and may set
    /// fields of `change.after`; throws to refuse.
    package typealias BeforeWrite = @Sendable (RecordChange, RecordTransaction) async throws -> Void
    /// Runs inside the transaction, before a record is deleted or restored and with its old state locked, after
    /// `beforeWrite`: the place for what goes and comes back with it. A type that has this hook alone is still created in
    /// one round trip.
    package typealias BeforeLifetimeChange = BeforeWrite
    /// Runs inside the transaction, after a new record was written: what refers to it is written here. What it only
    /// enqueues costs no round trip of its own; throws to refuse.
    package typealias AfterCreate = @Sendable (RecordChange, RecordTransaction) async throws -> Void
    /// Runs after the transaction was committed, so it cannot undo it; not run for a replayed answer.
    package typealias AfterCommit = @Sendable (RecordChange) async -> Void

    package let prepare: Prepare?
    package let validate: Validate?
    package let beforeWrite: BeforeWrite?
    package let beforeLifetimeChange: BeforeLifetimeChange?
    package let afterCreate: AfterCreate?
    package let afterCommit: AfterCommit?

    package init(
        prepare: Prepare? = nil, validate: Validate? = nil, beforeWrite: BeforeWrite? = nil,
        beforeLifetimeChange: BeforeLifetimeChange? = nil, afterCreate: AfterCreate? = nil,
        afterCommit: AfterCommit? = nil
    ) {
        self.prepare = prepare
        self.validate = validate
        self.beforeWrite = beforeWrite
        self.beforeLifetimeChange = beforeLifetimeChange
        self.afterCreate = afterCreate
        self.afterCommit = afterCommit
    }
}
