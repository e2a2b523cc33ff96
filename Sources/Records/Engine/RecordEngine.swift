package import AccessControl
import Credentials
import Postgres
package import RPC
package import Tenancy
package import TenantDatabase
import Wire

/// The engine of standard methods. One for each service; serves every record type that the service declares.
///
/// A call goes: authorise → validate → act → present. Whatever it writes, it writes in one transaction together with
/// one ledger row for each record and, under a request id, with the answer, so that a retry is answered and not done.
package final class RecordEngine: Sendable {
    package let database: TenantDatabase
    package let policies: any PolicySource
    let references: (any ReferenceChecker)?
    let tokens: PageToken
    let exports = ExportTurns()
    let readBudget: ReadBudget
    /// For digests of secrets in fingerprints of requests.
    let secretKey: [UInt8]
    private let recordTypes: RecordTypes
    /// Rung for transactions that ask for it (`RecordTransaction.ringAfterCommit`).
    package let bell = CommitBell()
    /// Rung for transactions that wrote records.
    package let changeBell = CommitBell()
    package let watchLimits: WatchLimits

    /// - Parameters:
    ///   - mirrors: what is kept here of records of other services; nothing serves or writes them but what feeds them.
    ///   - references: asks other services whether records exist; nil for a service whose types refer to none.
    ///   - pageTokenKey: a secret of 16 bytes or more that all instances of the service share.
    /// - Throws: `DeclarationError` when a type does not fit its message or refers to an unknown one.
    package init(
        database: TenantDatabase, policies: any PolicySource, types: [RecordType], mirrors: [RecordType] = [],
        references: (any ReferenceChecker)? = nil, pageTokenKey: [UInt8], watchLimits: WatchLimits = WatchLimits()
    ) throws {
        self.database = database
        self.policies = policies
        self.references = references
        self.watchLimits = watchLimits
        tokens = try PageToken(secret: pageTokenKey)
        readBudget = ReadBudget(database: database)
        secretKey = try MAC.hmacSHA256(key: pageTokenKey, Array("secrets in fingerprints".utf8))
        recordTypes = RecordTypes(types, mirrored: mirrors)
        for type in types { try check(type) }
        for mirror in mirrors { try check(mirror: mirror) }
    }

    /// By object.
    var types: [String: RecordType] { recordTypes.kept }

    /// What is kept here of records of another service, by the name of its objects.
    package func mirror(_ object: String) -> RecordType? { recordTypes.mirrored[object] }

    /// Where the records of a call lie, as its policy tells; nil when it does not.
    func place(of call: RecordCall) -> Placement? { call.policy.placement(of: database.service) }

    /// A kind of records in a workspace, as grants call it; nil for one that another service keeps, and for an object that the workspace has
    /// not defined.
    package func type(_ object: String, in model: TenantModel) -> RecordType? { recordTypes.type(object, in: model) }

    /// All kinds of records in a workspace.
    package func types(in model: TenantModel) -> [RecordType] { recordTypes.all(in: model) }

    /// The declared type of an object kind, of which workspaces define none; nil for one that another service keeps.
    package func type(_ object: String) -> RecordType? { types[object] }

    /// The declared type whose records are such messages.
    func type(of message: MessageDescriptor) -> RecordType? { types.values.first { $0.message == message.base } }

    /// The type whose declaration names a constraint of the database.
    func declaring(_ constraint: String) -> RecordType? { types.values.first { $0.declares(constraint) } }

    /// A statement of generated text, made once. The text is made of constants and selections, never of a request.
    func statement(_ text: String) -> Statement { .known(unsafeGenerated: text) }

    /// An error of PostgreSQL as one for callers, of the writing of a record if a type is given.
    package func translate(_ error: any Error, of type: RecordType? = nil) -> any Error {
        DatabaseErrors.translate(error, type)
    }

    /// The same for a statement whose time depends on what a client asks for and how much the workspace has: a list, a sum. Such
    /// statements take turns (`Statement.isScan`).
    func scan(_ text: String) -> Statement { .known(unsafeGenerated: text, isScan: true) }

    private func check(_ type: RecordType) throws {
        var problems = type.problems
        for field in type.fields {
            switch field.rules.reference {
            case .record(let object) where types[object] == nil:
                problems.append("\(field.name) refers to \(object), which this service does not keep.")
            case .remote where references == nil:
                problems.append(
                    "\(field.name) refers to another service, but the engine has no ReferenceChecker.")
            default: break
            }
            if let path = field.rules.original, !isReference(path, from: type) {
                problems.append("\(field.name) is a copy of \(path), which is no field of a record that it names.")
            }
        }
        if types[type.object] !== type { problems.append("Another type has the name \(type.object), too.") }
        if type.isMirror { problems.append("It is a mirror, so it belongs to the mirrors of the service.") }
        if !problems.isEmpty { throw DeclarationError(object: type.object, problems: problems) }
    }

    private func check(mirror: RecordType) throws {
        var problems = mirror.problems
        if types[mirror.object] != nil {
            problems.append("This service keeps \(mirror.object), so it needs no mirror.")
        }
        if self.mirror(mirror.object) !== mirror { problems.append("There is another mirror of \(mirror.object).") }
        if !mirror.isMirror { problems.append("It is no mirror, so it belongs to the records of the service.") }
        for field in mirror.fields where field.rules.reference != nil {
            problems.append("\(field.name) of a mirror refers to nothing: references are followed one step.")
        }
        if !problems.isEmpty { throw DeclarationError(object: mirror.object, problems: problems) }
    }
}

extension RecordEngine {
    /// Whether a path such as stage.pipeline_id names a field of a record that the type refers to.
    private func isReference(_ path: String, from type: RecordType) -> Bool {
        let parts = path.split(separator: ".").map(String.init)
        guard parts.count == 2, case .record(let object) = type.field("\(parts[0])_id")?.rules.reference else {
            return false
        }
        return types[object]?.field(parts[1]) != nil
    }
}

// Authorisation.
extension RecordEngine {
    /// Finds who calls and what they may do with a record type. Comes first in every method, before the request is
    /// looked at.
    ///
    /// - Throws: UNAUTHENTICATED without a caller; PERMISSION_DENIED for an operator, a disabled user, and when no role
    ///   grants the action; UNAVAILABLE when the policy cannot be had, or is too old to write by.
    package func authorise(_ context: CallContext, _ type: RecordType, _ action: Action) async throws
        -> RecordCall
    {
        let call = try await open(context, type, writes: action != .read)
        try call.require(action)
        return call
    }

    /// The caller's rights on something that is no record type, as in `job`.
    ///
    /// - Throws: as `authorise`, but for the want of a right.
    package func access(
        _ context: CallContext, to object: String, writes: Bool
    ) async throws -> (actor: TenantActor, access: ObjectAccess) {
        let actor = try context.requireTenantActor()
        let policy = try await policy(context, of: actor, writes: writes)
        guard let access = policy.access(of: actor) else { throw RecordErrors.userUnknown() }
        return (actor, access.object(object))
    }

    /// A policy is a row and a few tables of identity.
    private static let freshPolicyCost: UInt32 = 8

    func open(
        _ context: CallContext, _ type: RecordType, writes: Bool
    ) async throws -> RecordCall {
        try await open(context, as: context.requireTenantActor(), type, writes: writes)
    }

    /// The same for whoever acts. A program has no caller, and sees the policy that this process knows.
    ///
    /// - Parameter known: a policy that was asked for before, which is taken unless the caller knows of a newer one.
    func open(
        _ context: CallContext, as actor: TenantActor, _ type: RecordType, writes: Bool, now: Timestamp = .now(),
        knowing known: PolicySnapshot? = nil
    ) async throws -> RecordCall {
        let policy = try await policy(context, of: actor, writes: writes, knowing: known)
        guard let access = policy.access(of: actor) else { throw RecordErrors.userUnknown() }
        if let own = type.own, policy.model.object(own.object) == nil {
            throw RecordErrors.objectNotDefined(own.name)
        }
        return RecordCall(
            context: context, actor: actor, type: type, user: access, policy: policy, now: now, types: recordTypes)
    }

    /// The policy of the caller's workspace.
    ///
    /// - Throws: as `access`.
    func policy(_ context: CallContext) async throws -> PolicySnapshot {
        let actor = try context.requireTenantActor()
        let policy = try await policy(context, of: actor, writes: false)
        guard policy.access(of: actor) != nil else { throw RecordErrors.userUnknown() }
        return policy
    }

    /// What the caller's workspace has added and defined.
    ///
    /// - Throws: as `access`.
    package func model(_ context: CallContext) async throws -> TenantModel { try await policy(context).model }

    func policy(
        _ context: CallContext, of actor: TenantActor, writes: Bool = false, knowing known: PolicySnapshot? = nil
    ) async throws -> PolicySnapshot {
        if writes { try policies.requireFreshForWrite() }
        let callersEpoch = context.caller?.policyEpoch ?? 0
        // Rights that the caller knows of and this program may not: that may take fetching them.
        if context.minEpoch > callersEpoch { context.cost += Self.freshPolicyCost }
        let epoch = max(callersEpoch, context.minEpoch)
        if let known, known.epoch >= epoch { return known }
        return try await policies.snapshot(of: actor.tenantID, minEpoch: epoch)
    }
}
