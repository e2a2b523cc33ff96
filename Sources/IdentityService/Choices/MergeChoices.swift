import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy

/// MergeChoices: an entry of a choice list in the place of another one. First the other one is retired, so that nobody chooses it any more; then each
/// service gives the records that have it the entry, by a job of its own.
struct ChoiceListMethods: ChoiceListServiceCustomMethods {
    let engine: RecordEngine
    let lists: RecordType
    let client: ChoiceUseClient

    func mergeChoices(_ request: MergeChoicesRequest, _ context: CallContext) async throws -> MergeChoicesResponse {
        _ = try await engine.authorise(context, lists, .update)
        let merge = try Merge(request)
        let query = try await RecordQuery(engine, context, reading: lists)
        let found = try await query.answers(
            query.select(lists, expression: "id = \(merge.id.text)").first(1, ChoiceList.self, by: []))
        // One that is not there is refused where it would be changed.
        let name = found.first?.name ?? ""
        if let list = found.first { _ = try merge.entries(of: list) }
        let counted = name.isEmpty ? [] : try await client.count(name, merge.from, context)
        var response = MergeChoicesResponse()
        response.uses = counted.flatMap(\.uses).map { ChoiceUse(object: $0.object, field: $0.field, count: $0.count) }
        if request.preview == true {
            try await engine.reading(context) { transaction in
                _ = try await transaction.trying { try await retire(merge, request.version, transaction) }
            }
            return response
        }
        response.choiceList = try await engine.transaction(context, request: request) { transaction in
            try await retire(merge, request.version, transaction)
        }
        let begun = BeginChoiceMergeRequest(choiceList: name, fromValue: merge.from, intoValue: merge.into)
        for (service, _) in counted {
            guard let job = try await client.begin(begun, service, context) else { continue }
            response.merges.append(ChoiceMergeJob(service: service.rawValue, jobID: job.text))
        }
        return response
    }

    private func retire(
        _ merge: Merge, _ version: Int64?, _ transaction: RecordTransaction
    ) async throws -> ChoiceList {
        let record = try await transaction.load(lists, id: merge.id.text, for: .update)
        var list = record.value(ChoiceList.self)
        if let version, let current = list.version, version != current {
            throw IdentityError.choiceListChanged(version, current)
        }
        list.entries = try merge.entries(of: list)
        let stored = try await transaction.update(record, to: list, by: .caller)
        return transaction.present(stored, as: ChoiceList.self)
    }
}

/// What is asked for.
private struct Merge {
    let id: RecordID
    let from, into: String

    /// Throws INVALID_ARGUMENT for what is no id. The rest is looked at when the list is found: who may not see it learns nothing of what is wrong.
    init(_ request: MergeChoicesRequest) throws {
        guard let id = RecordID(request.choiceListID ?? "") else {
            throw IdentityError.idInvalid(field: "choice_list_id")
        }
        (self.id, from, into) = (id, request.fromValue ?? "", request.intoValue ?? "")
    }

    /// The entries of the list with the one in the place of the other, also of those that the other one took the place of.
    ///
    /// - Throws: INVALID_ARGUMENT with CHOICE_MERGED_INTO_ITSELF, CHOICE_UNKNOWN or CHOICE_RETIRED.
    func entries(of list: ChoiceList) throws -> [ChoiceEntry] {
        guard from != into else { throw IdentityError.choiceMergedIntoItself }
        let name = list.name ?? ""
        guard list.entries.contains(where: { $0.value == from }) else {
            throw IdentityError.choiceUnknown(from, name, field: "from_value")
        }
        guard let other = list.entries.first(where: { $0.value == into }) else {
            throw IdentityError.choiceUnknown(into, name, field: "into_value")
        }
        if other.retired == true { throw IdentityError.choiceRetired(into, field: "into_value") }
        return list.entries.map { entry in
            guard entry.value == from || entry.mergedInto == from else { return entry }
            var entry = entry
            (entry.retired, entry.mergedInto) = (true, into)
            return entry
        }
    }
}
