import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire
import Work

/// The saga `index_field`: has the provisioner make the index on a field, or drop it, as the definition wants it whenever it is looked at.
struct FieldIndexing: Sendable {
    static let name: StaticString = "index_field"
    /// An index of a large table takes minutes, and waits for those of others.
    private static let timeout = Duration.seconds(30 * 86_400)
    private static let pause = Duration.seconds(1)
    private static let callTimeout = Duration.seconds(8)

    let provisioner: ProvisioningServiceClient
    let catalogue: RoleCatalogue

    var saga: SagaDefinition {
        SagaDefinition(
            Self.name, for: .indexField, doing: FieldDefinitionServiceMethods.updateFieldDefinition,
            steps: [SagaStep("index", index)], timeout: Self.timeout, whenFailed: .stays, summary: Self.summary)
    }

    private static func summary(_ input: [UInt8]) throws -> String? { try FieldIndexInput(decoding: input).field }

    /// Has a change of a definition followed, if there is anything to do about an index.
    func follow(_ change: RecordChange, in transaction: RecordTransaction) async throws {
        let isWanted = change.kind != .delete && change.after.flag("indexed") == true
        let isThere = change.kind == .update || change.kind == .delete ? change.before?.flag("indexed") == true : false
        guard isWanted != isThere else { return }
        let field = change.value(FieldDefinition.self)
        let input = FieldIndexInput(
            fieldID: change.recordID.bytes,
            field: "\(field.object ?? "").\(TenantField.prefix)\(field.name ?? "")")
        // Of a field one is open: it looks at what is wanted then. It is the workspace's, so that it ends whoever has left. One that is calling the
        // provisioner stays beside it: its call may come in after all others, and what that begins has to be looked after.
        let prefix = "\(change.recordID.text) "
        try await JobKeys([Self.name.description], prefix: prefix).cancelWaiting(transaction)
        let job = NewJob(
            Self.name.description, key: prefix + RecordID.make().text, userID: nil, dueAt: transaction.now,
            checkpoint: SagaDefinition.checkpoint(input.encoded()))
        _ = try await JobTable.insert(job, at: transaction.now, transaction)
    }

    private static let select = Statement(
        """
        SELECT f.object, f.number, f.kind, f.is_indexed IS TRUE AND f.deleted_at IS NULL, (
            SELECT o.number FROM {schema}.object_definitions AS o WHERE f.object = 'custom.' || o.name
            ORDER BY o.deleted_at DESC NULLS FIRST LIMIT 1)
        FROM {schema}.field_definitions AS f WHERE f.id = $1
        """)

    private func index(_ run: SagaRun) async throws -> SagaOutcome {
        guard let id = try FieldIndexInput(decoding: run.input).fieldID.flatMap({ RecordID(bytes: $0) }),
            let request = try await request(id, run)
        else { return .over(JobReport()) }
        let answer = try await provisioner.indexField(request, options: CallOptions(timeout: Self.callTimeout))
        if answer.done == true { return .over(JobReport()) }
        return .lookAgain(
            in: Self.pause, JobReport(),
            progress: answer.totalCount.map { JobProgress(done: answer.doneCount ?? 0, total: $0) })
    }

    /// What the definition wants now; nil when there is none.
    private func request(_ id: RecordID, _ run: SagaRun) async throws -> IndexFieldRequest? {
        try await run.transaction { transaction in
            guard let row = try await transaction.query(Query(Self.select) { $0.append(id) }).first else { return nil }
            let object = try row.string(0)
            return IndexFieldRequest(
                tenantID: run.tenantID.id.bytes, service: catalogue.service(of: object)?.rawValue, object: object,
                objectNumber: try row.optionalInt64(4), fieldNumber: try row.int64(1),
                kind: FieldKind(rawValue: try row.int32(2)), wanted: try row.bool(3))
        }
    }
}
