import AccessControl
import Contracts
import Postgres
package import RPC
package import Tenancy
import TenantDatabase
package import Wire

/// UpdateMatching, DeleteMatching or ReassignMatching of a record type: what a method of that name checks and previews, and what each
/// step of its job does. Who makes the job is told by `begin`.
package struct MatchingMethod: Sendable {
    /// Records that one step changes.
    static let rowsAtOnce = 200
    /// Records of which a preview tells whether they would be refused.
    static let previewMax = 100
    /// Records that a preview shows.
    static let sampleMax = 10
    static let rowCost = BatchCreateMethod.rowCost

    package let method: MethodDefinition
    let engine: RecordEngine
    let type: RecordType
    let reader: MatchingReader
    private let makeReader: Reading
    private let jobID, count, issues: FieldDescriptor
    private let records: FieldDescriptor

    private typealias Reading = @Sendable (MethodShape) throws -> MatchingReader

    private init(_ engine: RecordEngine, _ shape: MethodShape, _ makeReader: @escaping Reading) throws {
        (self.engine, reader, self.makeReader) = (engine, try makeReader(shape), makeReader)
        method = shape.method
        type = shape.type
        jobID = try shape.response("job_id")
        count = try shape.response("count")
        issues = try shape.response("issues", repeated: true)
        records = try shape.responseRecord(repeated: true)
    }

    /// All of the types that the engine serves.
    package static func all(_ engine: RecordEngine) throws -> [MatchingMethod] {
        try engine.types.values.sorted { $0.object < $1.object }.flatMap { type in
            let methods = type.methods
            func method(_ method: MethodDefinition, _ reader: @escaping Reading) throws -> MatchingMethod {
                try MatchingMethod(engine, MethodShape(method: method, type: type), reader)
            }
            return [
                try method(methods.updateMatching, MatchingReader.update),
                try method(methods.deleteMatching, MatchingReader.deletion),
            ] + (try methods.reassignMatching.map { [try method($0, MatchingReader.reassignment)] } ?? [])
        }
    }

    /// The name of its job, as in `update_matching_accounts`. Objects that workspaces define have one for all.
    package var jobName: String {
        let verb = method.name.prefix { $0.isLowercase || $0 == method.name.first }.lowercased()
        return "\(verb)_matching_\((type.template ?? type).plural)"
    }

    /// The same of an object that a workspace has defined.
    ///
    /// - Throws: FAILED_PRECONDITION with OBJECT_UNOWNED when it gives records to others, and these have no owners.
    func of(_ type: RecordType) throws -> MatchingMethod {
        if reader.grant == .reassign, type.ownership == .shared { throw RecordErrors.objectUnowned(type) }
        return try MatchingMethod(engine, MethodShape(method: method, type: type.served), makeReader)
    }

    /// The name of the object in a request, where workspaces define the objects.
    func object(of request: Message) -> String? { method.request.field("object").flatMap { request.string($0) } }

    /// Answers the method.
    ///
    /// - Parameter begin: makes the job in the transaction, with what its first step gets and how many records there are, and gives its id.
    package func answer(
        _ request: Message, _ context: CallContext,
        begin: (RecordTransaction, _ checkpoint: [UInt8], _ total: Int64?) async throws -> RecordID
    ) async throws -> [UInt8] {
        if type.isTemplate {
            let own = try await engine.type(named: object(of: request), of: type, context)
            return try await of(own).answer(request, context, begin: begin)
        }
        let call = try await engine.authorise(context, type, reader.action)
        try call.require(reader.grant)
        let order = try await reader.order(request, call, engine, isKept: false)
        for grant in order.grants(reader.grant, of: type) { try call.require(grant) }
        let selection = try selection(order, call)
        if reader.isPreview(request) {
            try await requireKnown(order, call)
            return try await preview(order, selection, call)
        }
        let stored = try StoredAnswer(context, request: request)
        return try await engine.replaying(stored, context, method.response, type: type) {
            try await requireKnown(order, call)
            // What a job names of other services must be known before, since those are asked as a caller only.
            _ = try await remoteReferences(order, call)
            let total = try await count(selection)
            let checkpoint = MatchingCheckpoint(request: try kept(request, order, call), startTime: call.now)
            return try await engine.commit(context, call: call, under: stored) { transaction in
                let id = try await begin(transaction, checkpoint.encoded, total.isEstimate ? nil : total.value)
                let answer = Message.make(method.response, in: context.arena)
                answer.setString(jobID, id.text)
                return WireCodec.encode(answer)
            }
        }
    }

    /// Bytes of a request that a job keeps: filter and values.
    static let requestBytesMax = 64 << 10

    /// The request as its job keeps it: without values that the edit does not give.
    private func kept(_ request: Message, _ order: MatchingOrder, _ call: RecordCall) throws -> [UInt8] {
        let kept = request.copy()
        if let edit = order.edit,
            let record = request.descriptor.fields.first(where: { $0.kind == .message(type.message) })
        {
            let values = edit.only(in: request.arena)
            values.copyFields(from: edit.sent, only: edit.fields.compactMap(\.typed).filter(edit.sent.has))
            kept.setMessage(record, call.type.told(values))
        }
        let bytes = WireCodec.encode(kept)
        guard bytes.count <= Self.requestBytesMax else {
            throw RecordErrors.invalid(
                .requestTooLong,
                "Filter and values have \(bytes.count) bytes; a job keeps at most \(Self.requestBytesMax). Shorten the filter or the texts."
            )
        }
        return bytes
    }

    /// The records that the order is for and that the caller may see and treat so.
    func selection(_ order: MatchingOrder, _ call: RecordCall) throws -> Selection {
        Selection(
            call: call, filter: try engine.resolve(order.filter, call), lifetime: .living, action: reader.action,
            grants: order.grants(reader.grant, of: type))
    }

    /// Throws INVALID_ARGUMENT when the new values name what is not there: all records would be refused for it, one by one.
    private func requireKnown(_ order: MatchingOrder, _ call: RecordCall) async throws {
        guard let edit = order.edit else { return }
        let preparation = ChangePreparation(engine: engine, call: call, path: "")
        let unknown = preparation.unknownPeople(edit.sent, edit.fields)
        if !unknown.isEmpty { throw RPCError.invalidArgument(unknown, domain: RecordErrors.domain) }
        try call.rights.requireSeen(edit.namedTags(of: call.type), field: "tag_ids")
        for field in edit.fields {
            guard case .record(let object) = field.rules.reference else { continue }
            let ids = Set(field.ids(in: edit.sent))
            guard !ids.isEmpty else { continue }
            guard let target = engine.type(object, in: call.policy.model) else {
                throw preparation.referenceNotFound(field)
            }
            let found = try await engine.existing(Array(ids), try call.with(target))
            if found.count < ids.count { throw preparation.referenceNotFound(field) }
        }
    }

    func remoteReferences(_ order: MatchingOrder, _ call: RecordCall) async throws -> Set<RecordReference> {
        guard let edit = order.edit else { return [] }
        let draft = RecordChange(.update, call, before: nil, after: edit.only(in: call.context.arena))
        return try await ChangePreparation(engine: engine, call: call, path: "").checkRemoteReferences(draft)
    }

    /// How many there are: exact up to `ListQuery.exactCountMax`.
    func count(_ selection: Selection) async throws -> (value: Int64, isEstimate: Bool) {
        let call = selection.call
        let list = ListQuery(
            selection: selection, order: try SortOrder([], call), pageSize: 1, place: nil)
        do {
            let (text, parameters) = list.count()
            let rows = try await engine.database.read(
                call.actor, at: engine.place(of: call), deadline: call.deadline, engine.scan(text), parameters)
            let exact = try rows.one().int64(0)
            return (min(exact, ListQuery.exactCountMax), exact > ListQuery.exactCountMax)
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }
}

// The preview: the change is made and taken back.
extension MatchingMethod {
    private func preview(
        _ order: MatchingOrder, _ selection: Selection, _ call: RecordCall
    ) async throws -> [UInt8] {
        let context = call.context
        Self.rowCost.charge(Self.previewMax, to: context)
        let total = try await count(selection)
        let known = try await remoteReferences(order, call)
        let ids = try await firstIDs(selection)
        do {
            return try await engine.commit(context, call: call, under: nil, knowing: known) { transaction in
                try await transaction.trying {
                    let pass = try MatchingPass(self, order, call, startTime: call.now)
                    return self.answer(try await pass.run(ids, in: transaction), total, call)
                }
            }
        } catch {
            throw await engine.translate(error, type, "", context)
        }
    }

    /// Those of the first records, read as a list is: in turn with other long readers, and for no longer.
    private func firstIDs(_ selection: Selection) async throws -> [RecordID] {
        let call = selection.call
        var parameters = Parameters()
        let condition = selection.condition(&parameters)
        let id = type.standard.id.column
        let text =
            "SELECT \(id) FROM \(type.source) WHERE \(condition) ORDER BY \(id) LIMIT \(Self.previewMax)"
        do {
            return try await engine.database.read(
                call.actor, at: engine.place(of: call), deadline: call.deadline, engine.scan(text), parameters
            ).map { try $0.id(0) }
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }

    private func answer(
        _ items: [MatchingItem], _ total: (value: Int64, isEstimate: Bool), _ call: RecordCall
    ) -> [UInt8] {
        let answer = Message.make(method.response, in: call.context.arena)
        let count = answer.makeMessage(count)
        RecordCount(value: total.value, estimated: total.isEstimate).write(to: count)
        answer.setMessages(issues, items.compactMap(\.issue).map { $0.message(in: call.context.arena) })
        let sample = items.compactMap(\.record).prefix(Self.sampleMax).map { call.present($0) }
        answer.setMessages(records, Array(sample))
        return WireCodec.encode(answer)
    }
}
