import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy

/// The methods of field definitions beside the standard ones: changes of a field's kind.
struct FieldDefinitionMethods: FieldDefinitionServiceCustomMethods {
    let engine: RecordEngine
    let fields: RecordType
    let client: FieldKindClient
    let changing: FieldKindChanging

    /// How long a change looks at values before it begins: what does not fit is mostly found then.
    private static let lookTime = Duration.seconds(4)
    private static let examplesMax = 10

    func previewFieldKind(
        _ request: PreviewFieldKindRequest, _ context: CallContext
    ) async throws -> PreviewFieldKindResponse {
        let change = Self.asked(request.change)
        let field = try await checked(request.id, version: nil, change, context)
        var place: [UInt8]?
        if let token = request.pageToken {
            guard let id = RecordID(token) else { throw IdentityError.idInvalid(field: "page_token") }
            place = id.bytes
        }
        let answer = try await look(field, change, from: place, context)
        let (values, unfit) = (answer.valueCount ?? 0, answer.unfitCount ?? 0)
        return PreviewFieldKindResponse(
            valueCount: values, fitCount: values - unfit, unfitCount: unfit,
            examples: answer.examples.prefix(Self.examplesMax).map {
                UnfitFieldValue(recordID: $0.recordID, value: $0.value, deleted: $0.deleted)
            },
            nextPageToken: answer.nextPlace.flatMap { RecordID(bytes: $0) }?.text)
    }

    func changeFieldKind(
        _ request: ChangeFieldKindRequest, _ context: CallContext
    ) async throws -> ChangeFieldKindResponse {
        let change = Self.asked(request.change)
        _ = try await authorise(context)
        return try await engine.transaction(
            context, request: request,
            preparing: { try await requireFitting(request, change, context) }
        ) { transaction in
            let record = try await transaction.load(fields, id: request.id, for: .update)
            let field = record.value(FieldDefinition.self)
            try await Self.require(change, of: field, version: request.version, changing, transaction)
            let (stored, job) = try await changing.begin(change, record, transaction)
            return ChangeFieldKindResponse(
                fieldDefinition: transaction.present(stored, as: FieldDefinition.self), jobID: job.text)
        }
    }

    /// Refuses what cannot be changed so, as far as a short look at the values tells.
    private func requireFitting(
        _ request: ChangeFieldKindRequest, _ change: FieldKindChange, _ context: CallContext
    ) async throws {
        let field = try await checked(request.id, version: request.version, change, context)
        let end = ContinuousClock.now.advanced(by: Self.lookTime)
        var place: [UInt8]?
        repeat {
            let answer = try await look(field, change, from: place, context)
            if let count = answer.unfitCount, count > 0 {
                let kind = change.kind.flatMap { TenantField.Kind($0) }
                throw IdentityError.valuesUnfit(field.path, kind, count, answer.examples)
            }
            place = answer.nextPlace
        } while place != nil && ContinuousClock.now < end
    }

    /// Who may write, of definitions, what a change of kind writes.
    private func authorise(_ context: CallContext) async throws -> RecordCall {
        let call = try await engine.authorise(context, fields, .update)
        try call.rights.requireWritable(Self.written)
        return call
    }

    private static let written = ["kind", "length_max", "choices", "choice_list", "decimals"]

    func cancelFieldKind(
        _ request: CancelFieldKindRequest, _ context: CallContext
    ) async throws -> CancelFieldKindResponse {
        _ = try await authorise(context)
        return try await engine.transaction(context, request: request) { transaction in
            let record = try await transaction.load(fields, id: request.id, for: .update)
            let field = record.value(FieldDefinition.self)
            guard field.kindChange != nil else { throw IdentityError.fieldNotBeingChanged(field.path) }
            let stored = try await FieldKindChanging.end(record, transaction)
            try await FieldKindChanging.cancelJobs(of: record.id, transaction)
            return CancelFieldKindResponse(
                fieldDefinition: transaction.present(stored, as: FieldDefinition.self))
        }
    }

    /// What the service sets is not asked for.
    private static func asked(_ change: FieldKindChange?) -> FieldKindChange {
        var change = change ?? FieldKindChange()
        (change.number, change.jobID) = (nil, nil)
        return change
    }

    /// The definition, whose kind may be changed so.
    private func checked(
        _ id: String?, version: Int64?, _ change: FieldKindChange, _ context: CallContext
    ) async throws -> FieldDefinition {
        let call = try await authorise(context)
        var found = FieldDefinition()
        try await engine.reading(context) { transaction in
            found = try await transaction.load(fields, id: id, for: .update).value(FieldDefinition.self)
            try FieldKindRules.requireSight(of: found, call)
            try await Self.require(change, of: found, version: version, changing, transaction)
        }
        return found
    }

    private static func require(
        _ change: FieldKindChange, of field: FieldDefinition, version: Int64?, _ changing: FieldKindChanging,
        _ transaction: RecordTransaction
    ) async throws {
        if let under = field.kindChange { throw IdentityError.fieldBeingChanged(field.path, job: under.jobID) }
        if let version, version != field.version {
            throw IdentityError.definitionChanged(version, field.version ?? 0)
        }
        try await FieldKindRules.require(change, of: field, changing.catalogue, transaction)
    }

    private func look(
        _ field: FieldDefinition, _ change: FieldKindChange, from place: [UInt8]?, _ context: CallContext
    ) async throws -> CheckFieldKindResponse {
        let answer = try await client.check(
            CheckFieldKindRequest(object: field.object, fieldNumber: field.number, change: change, place: place),
            context)
        if answer.pending == true { throw IdentityError.fieldKindNotChecked }
        return answer
    }
}
