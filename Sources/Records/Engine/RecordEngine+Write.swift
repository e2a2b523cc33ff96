import AccessControl
import Credentials
import Postgres
package import RPC
import Reactor
package import Tenancy
import TenantDatabase
package import Wire

extension RecordEngine {
    /// Runs a writing custom method: one transaction with its effect, its ledger rows and its answer.
    ///
    /// A retry under the same request id gets the stored answer, as far as the caller may still read it, and `body` is not run to
    /// effect. Errors of PostgreSQL
    /// become errors for the caller. `body` authorises by loading or inserting through the transaction. What a method does outside of
    /// it is done for repetitions, too, so that must be authorised before.
    ///
    /// What the caller may not read of the records in the answer is taken out, here and when it is given again.
    ///
    /// - Parameters:
    ///   - secret: a part of the request that is left out of `request` since it must be kept nowhere, such as a password;
    ///     a repetition has to bring the same.
    ///   - references: records of other services that the method is going to name in fields: looked up before the transaction, which
    ///     must not wait for another service. Throws INVALID_ARGUMENT with REFERENCE_NOT_FOUND.
    ///   - prepare: what comes before the transaction and depends on what there is, so that a repetition may be refused by it: that gets the
    ///     stored answer, too.
    package func transaction<Request: WireMessage, Answer: WireMessage>(
        _ context: CallContext, request: Request, secret: String? = nil, naming references: [NamedReference] = [],
        preparing prepare: () async throws -> Void = {}, _ body: (RecordTransaction) async throws -> Answer
    ) async throws -> Answer {
        _ = try context.requireTenantActor()
        try policies.requireFreshForWrite()
        let stored = try StoredAnswer(
            context, request: request.message(in: context.arena), secret: secret.map(digest(ofSecret:)) ?? [])
        var fresh: Answer?
        let bytes = try await replaying(stored, context, Answer.descriptor) {
            var given: Answer?
            try await prepare()
            let known = try await find(references, context)
            let bytes = try await commit(context, under: stored, knowing: known) { transaction in
                let answer = try await body(transaction)
                let message = answer.message(in: context.arena)
                let hasRecords = try await CallersAnswer(engine: self, context: context).filter(message, transaction)
                given = hasRecords ? message.value(Answer.self) : answer
                return WireCodec.encode(message)
            }
            fresh = given
            return bytes
        }
        return try fresh ?? Answer(decoding: bytes)
    }

    private func find(_ references: [NamedReference], _ context: CallContext) async throws -> Set<RecordReference> {
        var known: Set<RecordReference> = []
        for reference in references {
            let call = try await open(context, reference.type, writes: true)
            let record = Message.make(reference.type.message, in: context.arena)
            record.set(reference.field, reference.id)
            let change = RecordChange(.create, call, before: nil, after: record)
            known.formUnion(
                try await ChangePreparation(engine: self, call: call, path: "").checkRemoteReferences(change))
        }
        return known
    }

    /// Reads in a transaction of its own, as the caller: to authorise what comes before or after one that writes.
    package func reading(
        _ context: CallContext, _ body: (RecordTransaction) async throws -> Void
    ) async throws {
        do {
            _ = try await commit(context, under: nil) { transaction in
                try await body(transaction)
                return []
            }
        } catch {
            throw await translate(error, nil, "", context)
        }
    }

    private func digest(ofSecret text: String) throws -> [UInt8] {
        try MAC.hmacSHA256(key: secretKey, Array(text.utf8))
    }

    /// A caller's write: one transaction with what `body` writes and, under a request id, with the answer that it gives.
    func commit(
        _ context: CallContext, call: RecordCall? = nil, under stored: StoredAnswer?,
        knowing references: Set<RecordReference> = [], _ body: (RecordTransaction) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        let actor = try context.requireTenantActor()
        return try await commit(context, as: actor, call: call, knowing: references) { transaction in
            let answer = try await body(transaction)
            try transaction.store(answer, under: stored)
            return answer
        }
    }

    /// The frame of every write, whoever acts: one transaction with what `body` writes; after COMMIT the bell rings and each change is published.
    func commit<Value: Sendable>(
        _ context: CallContext, as actor: TenantActor, call: RecordCall? = nil,
        knowing references: Set<RecordReference> = [], _ body: (RecordTransaction) async throws -> Value
    ) async throws -> Value {
        var written: [RecordChange] = []
        var (rings, tells) = (false, false)
        // To fetch it may take a connection of the workspace, for which nobody may wait who holds rows. What cannot be had here is asked for
        // again, and refused, where it is needed.
        let epoch = max(context.caller?.policyEpoch ?? 0, context.minEpoch)
        let policy = call == nil ? try? await policies.snapshot(of: actor.tenantID, minEpoch: epoch) : nil
        let value = try await database.transaction(
            actor, at: call.flatMap { place(of: $0) }, deadline: context.deadline.nanoseconds
        ) { sql in
            let transaction = RecordTransaction(
                self, context, actor, sql, call: call, policy: policy, knownReferences: references)
            let value = try await body(transaction)
            try await transaction.markRollUps()
            try transaction.markParents()
            try await transaction.requireSameKinds()
            written = transaction.changes
            rings = transaction.ringsAfterCommit
            tells = transaction.tellsFeed || !written.isEmpty
            return value
        }
        if rings { bell.ring(actor.tenantID) }
        if tells { changeBell.ring(actor.tenantID) }
        var pace = Pace()
        for change in written {
            await change.type.rules.publish?(change)
            await pace.step()
        }
        return value
    }

    /// Runs a write that answers with a `response`; when it fails and its request id has a stored answer, gives that instead,
    /// as the caller may see it now. Nearly any failure asks, since a write that was done makes its own repetition fail in many ways:
    /// deleted is not found, created is taken, given away is out of scope.
    ///
    /// - Parameter requireRights: throws when the caller may no longer ask for what the stored answer says was done. Not for what `body`, or
    ///   what comes before it, refuses as a whole.
    func replaying(
        _ stored: StoredAnswer?, _ context: CallContext, _ response: MessageDescriptor, type: RecordType? = nil,
        path: String = "", requireRights: (Message) throws -> Void = { _ in },
        _ body: () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        do {
            return try await body()
        } catch {
            let refusal = await translate(error, type, path, context)
            guard let stored, RecordEngine.mayBeRepetition(refusal) else { throw refusal }
            let actor = try context.requireTenantActor()
            do {
                let answer = try await stored.find(
                    by: actor, deadline: context.deadline.nanoseconds, in: self)
                guard let answer else { throw refusal }
                return try await CallersAnswer(engine: self, context: context, type: type)
                    .again(answer, as: response, requireRights)
            } catch let failure as PostgresError {
                throw DatabaseErrors.translate(failure, type)
            }
        }
    }

    /// A rule or custom method may write records of other types than the call is about: the violated constraint tells
    /// whose rule it was. That another record has the same value tells the value of a field, which only those learn of who may read it.
    ///
    /// - Parameter policy: that of a transaction which goes on; nil outside of one, where it is asked for.
    func translate(
        _ error: any Error, _ type: RecordType?, _ path: String, _ context: CallContext,
        as actor: TenantActor? = nil, knowing policy: PolicySnapshot? = nil
    ) async -> any Error {
        guard let constraint = (error as? PostgresError)?.constraint else {
            return DatabaseErrors.translate(error, type, path: path)
        }
        let owner = type?.declares(constraint) == true ? type : declaring(constraint)
        let refusal = DatabaseErrors.translate(error, owner ?? type, path: owner == nil || owner === type ? path : "")
        guard let owner, case let fields = owner.uniqueFields(constraint), !fields.isEmpty else { return refusal }
        let call = try? await open(
            context, as: actor ?? context.requireTenantActor(), owner, writes: false, knowing: policy)
        let isTold = call.map { call in fields.allSatisfy { call.rights.level(of: $0) >= .read } } ?? false
        return isTold ? refusal : RecordErrors.valueTaken(owner, cause: error)
    }

    /// When the database is away or the time is up, looking would only fail once more. Who lacks a right, whatever the record, may not
    /// ask for it again either.
    private static func mayBeRepetition(_ error: any Error) -> Bool {
        guard let error = error as? RPCError else { return true }
        switch error.code {
        case .unavailable, .deadlineExceeded, .cancelled: return false
        case .permissionDenied: return !missingRights.contains(error.reason)
        default: return true
        }
    }

    private static let missingRights = [RecordReason.permissionMissing, .fieldNotWritable, .fieldNotReadable]
        .map(\.rawValue)
}

/// A record of another service that a custom method is going to name in a field of a record.
package struct NamedReference: Sendable {
    let type: RecordType
    let field: String
    let id: RecordID

    package init(_ type: RecordType, _ field: String, _ id: RecordID) {
        self.type = type
        self.field = field
        self.id = id
    }
}
