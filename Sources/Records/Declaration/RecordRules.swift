package import RPC
package import Tenancy

/// What holds for a record type beyond its fields. Every rule is optional, does one thing, and runs for *each* change of a record,
/// whichever method, job or other rule makes it: there is no way of writing that leaves one out. A rule tells by the change's `kind`, its
/// fields and its `cause` what concerns it. The order in which they run stands in RecordTransaction+Write.swift.
package struct RecordRules: Sendable {
    /// Fills defaults in `change.after` of a record that is created or edited, before it is validated. Must not wait.
    package typealias Fill = @Sendable (RecordChange) throws -> Void
    /// Looks at several fields together, after each alone was found right. Answers what is wrong; the path of a
    /// violation is the field's name, the engine puts the request's path before it. A record that is deleted is not asked.
    package typealias Validate = @Sendable (RecordChange) -> [FieldViolation]
    /// Runs inside the transaction, before the record is written and with its old state locked. May query, may write other
    /// records (their changes have this one as `cause`) and may set fields of `change.after`; throws to refuse.
    package typealias Guard = @Sendable (RecordChange, RecordTransaction) async throws -> Void
    /// Runs inside the transaction, after the record was written: what belongs to it is written here, what goes with it deleted,
    /// what came back with it restored. What it only enqueues costs no round trip of its own; throws to refuse.
    package typealias Follow = @Sendable (RecordChange, RecordTransaction) async throws -> Void
    /// Runs after the transaction was committed, so it cannot undo it; not run for a replayed answer.
    package typealias Publish = @Sendable (RecordChange) async -> Void

    /// Asks other services before the transaction, which must not wait for them, and answers what it found, for the guard. Runs in methods
    /// for single records; an edit comes with its id and the fields that it names, and without what was before. Throws to refuse.
    package typealias Prepare = @Sendable (RecordChange, RecordEngine) async throws -> Set<RecordReference>

    /// Which records of a user who leaves go to his successor, at a moment, as a filter; the others stay his. Without it all go.
    package typealias Handover = @Sendable (Timestamp) -> String

    package let prepare: Prepare?
    package let fill: Fill?
    package let validate: Validate?
    package let `guard`: Guard?
    package let follow: Follow?
    package let publish: Publish?
    package let handover: Handover?

    package init(
        prepare: Prepare? = nil, fill: Fill? = nil, validate: Validate? = nil, guard: Guard? = nil,
        follow: Follow? = nil,
        publish: Publish? = nil, handover: Handover? = nil
    ) {
        self.prepare = prepare
        self.fill = fill
        self.validate = validate
        self.guard = `guard`
        self.follow = follow
        self.publish = publish
        self.handover = handover
    }
}
