import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import ServiceHost
import Tenancy

/// Asks the service that keeps the records of a field whether their values are unique, before the field becomes so: in the name of who
/// asked for it.
struct UniqueFieldClient: Sendable {
    /// Longest wait for an answer, which tells how far the service is.
    private static let timeout = Duration.seconds(8)

    let services: RecordServices
    let catalogue: RoleCatalogue

    /// Says in a transaction that the values of a field were found to be unique before it.
    static func proof(_ field: RecordID) -> RecordReference {
        RecordReference(object: "field_definition.unique", id: field)
    }

    /// What proves that a definition may become unique; nothing of one that is so already.
    ///
    /// - Throws: FAILED_PRECONDITION with VALUES_REPEATED; UNAVAILABLE when the service cannot be asked.
    func prepare(_ field: FieldDefinition, _ context: CallContext) async throws -> Set<RecordReference> {
        guard field.unique != true, let object = field.object, let id = field.id.flatMap({ RecordID($0) }) else {
            return []
        }
        let actor = try context.requireTenantActor()
        guard let user = actor.userID else { throw IdentityError.valuesNotChecked }
        var request = PrepareUniqueFieldRequest(object: object, fieldNumber: field.number)
        var (count, examples): (Int64, [RepeatedValue]) = (0, [])
        repeat {
            let options = CallOptions(inheriting: context, timeout: Self.timeout)
            let way = try await services.way(
                to: catalogue.service(of: object), .defineFields, for: user, in: actor.tenantID, options)
            guard let way else { throw IdentityError.valuesNotChecked }
            let answer = try await UniqueFieldServiceClient(channel: way.channel).prepareUniqueField(
                request, options: way.options)
            count += answer.repeatedCount ?? 0
            examples += answer.examples
            request.place = answer.nextPlace
        } while request.place != nil
        guard count == 0 else { throw IdentityError.valuesRepeated(field, count, examples) }
        return [Self.proof(id)]
    }

    /// The same for a change of a definition that makes it unique.
    func prepare(_ change: RecordChange, _ engine: RecordEngine) async throws -> Set<RecordReference> {
        guard change.kind == .update, change.after.flag("unique") == true else { return [] }
        let query = try await RecordQuery(engine, change.context, reading: change.type)
        let found = try await query.answers(
            query.select(change.type, expression: "id = \(change.recordID.text)").first(1, FieldDefinition.self, by: [])
        )
        guard let field = found.first else { return [] }
        return try await prepare(field, change.context)
    }

    /// Refuses a definition that became unique where nobody looked whether its values are.
    static func requireProof(_ change: RecordChange, _ transaction: RecordTransaction) throws {
        guard change.kind == .update, change.changes("unique"), change.after.flag("unique") == true,
            !transaction.knows(proof(change.recordID))
        else { return }
        throw IdentityError.uniqueAlone
    }
}
