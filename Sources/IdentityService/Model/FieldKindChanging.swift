import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire
import Work

/// The saga `change_field_kind`: waits until the service of the records has given each what its value will be, looks whether that is so, and has the field
/// take the new number and kind in one transaction. Whatever ends it before leaves the field as it was.
struct FieldKindChanging: Sendable {
    static let name: StaticString = "change_field_kind"
    /// All records of a kind are written once.
    private static let timeout = Duration.seconds(30 * 86_400)
    /// Between looks at how far the records are: they count them, so the longer it takes the less often.
    private static let (pauseMin, pauseMax) = (Duration.seconds(1), Duration.seconds(60))
    /// Processes that keep records hear of a change within a second; one that has not heard yet gives a record no new value.
    private static let hearing = Duration.seconds(2)

    let client: FieldKindClient
    let catalogue: RoleCatalogue

    /// - Parameter fields: the type of definitions, which is made with this.
    func saga(_ fields: RecordType) -> SagaDefinition {
        SagaDefinition(
            Self.name, for: .changeFieldKind, doing: FieldDefinitionServiceMethods.changeFieldKind,
            steps: [
                SagaStep("convert_values", convert) { try await giveUp($0, fields) },
                SagaStep("take_kind") { try await take($0, fields) },
            ], timeout: Self.timeout, whenFailed: .goesBack, summary: Self.summary)
    }

    private static func summary(_ input: [UInt8]) throws -> String? { try FieldKindInput(decoding: input).field }

    // MARK: Its job

    private static let takeNumber = Statement("SELECT nextval('{schema}.field_definitions_number_seq')")

    /// Begins to change a definition that is locked.
    func begin(
        _ change: FieldKindChange, _ record: LoadedRecord, _ transaction: RecordTransaction
    ) async throws -> (stored: Message, job: RecordID) {
        var field = record.value(FieldDefinition.self)
        var change = change
        let number = try await transaction.query(Self.takeNumber).one().int64(0)
        let kind = "\(field.kind ?? .unspecified)", new = "\(change.kind ?? .unspecified)"
        let input = FieldKindInput(
            fieldID: record.id.bytes, number: number, field: "\(field.path): \(kind) → \(new)")
        // It is the workspace's, so that it ends whoever has left.
        let job = try await JobTable.insert(
            NewJob(
                Self.name.description, key: Self.keyPrefix(record.id) + RecordID.make().text, userID: nil,
                dueAt: transaction.now, checkpoint: SagaDefinition.checkpoint(input.encoded())),
            at: transaction.now, transaction)
        (change.number, change.jobID) = (number, job.text)
        field.kindChange = change
        return (try await transaction.update(record, to: field, by: .program), job)
    }

    /// Leaves a definition as it was before the change.
    static func end(_ record: LoadedRecord, _ transaction: RecordTransaction) async throws -> Message {
        var field = record.value(FieldDefinition.self)
        field.kindChange = nil
        return try await transaction.update(record, to: field, by: .program)
    }

    static func cancelJobs(of field: RecordID, _ transaction: RecordTransaction) async throws {
        try await JobKeys([name.description], prefix: keyPrefix(field)).cancel(transaction)
    }

    private static func keyPrefix(_ field: RecordID) -> String { "\(field.text) " }

    // MARK: Its steps

    private static let ended = "FIELD_NOT_BEING_CHANGED"

    /// What the definition says of the change now.
    private enum Standing: Sendable {
        case under(CheckFieldKindRequest)
        /// The field has the number that the change gave it.
        case done
        /// It was cancelled.
        case ended
    }

    private static let select = Statement(
        """
        SELECT object, number, kind_change, deleted_at IS NOT NULL FROM {schema}.field_definitions WHERE id = $1
        """)

    private func standing(_ run: SagaRun) async throws -> Standing {
        let input = try FieldKindInput(decoding: run.input)
        guard let id = input.fieldID.flatMap({ RecordID(bytes: $0) }), let number = input.number else { return .ended }
        return try await run.transaction { transaction in
            guard let row = try await transaction.query(Query(Self.select) { $0.append(id) }).first else {
                return .ended
            }
            let (object, present) = (try row.string(0), try row.int64(1))
            if present == number { return .done }
            guard !row.isNull(2), !(try row.bool(3)) else { return .ended }
            let change = try FieldKindChange(json: row.json(2))
            guard change.number == number else { return .ended }
            return .under(CheckFieldKindRequest(object: object, fieldNumber: present, change: change))
        }
    }

    /// Until the records have what their values will be.
    private func convert(_ run: SagaRun) async throws -> SagaOutcome {
        switch try await standing(run) {
        case .done: return .over(JobReport())
        case .ended: return .failed(Self.ended, JobReport())
        case .under(let request):
            let left = Self.hearing - Self.passed(run)
            if left > .zero { return .lookAgain(in: left, JobReport()) }
            let answer = try await client.check(request, in: run.tenantID)
            guard answer.pending == true else { return .over(JobReport()) }
            let progress = answer.totalCount.map { JobProgress(done: answer.doneCount ?? 0, total: $0) }
            return .lookAgain(in: Self.pause(run), JobReport(), progress: progress)
        }
    }

    private static func passed(_ run: SagaRun) -> Duration {
        .microseconds(Timestamp.now().microseconds - run.startedAt.microseconds)
    }

    private static func pause(_ run: SagaRun) -> Duration { min(pauseMax, max(pauseMin, passed(run) / 20)) }

    /// Looks at all values, then has the field take the kind.
    private func take(_ run: SagaRun, _ fields: RecordType) async throws -> SagaOutcome {
        guard case .under(var request) = try await standing(run) else { return .over(JobReport()) }
        var (values, unfit, behind): (Int64, Int64, Int64) = (0, 0, 0)
        repeat {
            let answer = try await client.check(request, in: run.tenantID)
            // Another choice of the list, say: records are gone through anew.
            if answer.pending == true { return .lookAgain(in: Self.pause(run), JobReport()) }
            values += answer.valueCount ?? 0
            unfit += answer.unfitCount ?? 0
            behind += answer.behindCount ?? 0
            request.place = answer.nextPlace
        } while request.place != nil
        let report = JobReport(changedCount: values - unfit - behind, refusedCount: unfit + behind)
        guard unfit == 0 else { return .failed("VALUES_UNFIT", report) }
        guard behind == 0 else { return .failed("VALUES_NOT_CONVERTED", report) }
        do {
            try await run.transaction { try await take(run, fields, $0) }
        } catch let error as RPCError {
            guard [.notFound, .failedPrecondition, .invalidArgument].contains(error.code) else { throw error }
            return .failed(error.reason, report)
        }
        return .over(report)
    }

    private func take(_ run: SagaRun, _ fields: RecordType, _ transaction: RecordTransaction) async throws {
        let input = try FieldKindInput(decoding: run.input)
        let record = try await transaction.load(
            fields, id: input.fieldID.flatMap { RecordID(bytes: $0) }?.text, for: .update)
        let field = record.value(FieldDefinition.self)
        guard let change = field.kindChange, change.number == input.number else {
            throw IdentityError.fieldNotBeingChanged(field.path)
        }
        try await FieldKindRules.require(change, of: field, catalogue, transaction)
        try await transaction.update(record, to: FieldKindRules.next(field, change), by: .program)
    }

    /// The field stays what it is, if it still waits for this change.
    private func giveUp(_ run: SagaRun, _ fields: RecordType) async throws -> SagaOutcome {
        guard case .under = try await standing(run) else { return .over(JobReport()) }
        let input = try FieldKindInput(decoding: run.input)
        try await run.transaction { transaction in
            let record = try await transaction.load(
                fields, id: input.fieldID.flatMap { RecordID(bytes: $0) }?.text, for: .update)
            guard record.value(FieldDefinition.self).kindChange?.number == input.number else { return }
            _ = try await Self.end(record, transaction)
        }
        return .over(JobReport())
    }
}
