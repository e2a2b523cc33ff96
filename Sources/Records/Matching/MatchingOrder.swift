import AccessControl
import Contracts
import RPC
import Tenancy
import Wire

/// What is to become of all records that a filter selects.
// SAFETY: belongs to one call, whose task runs on one loop.
struct MatchingOrder: @unchecked Sendable {
    enum Kind {
        case edit(Edit)
        case deletion
        /// Another entry of a choice list in the place of one.
        case replacement(ChoiceReplacement)
    }

    let filter: FilterNode
    let kind: Kind

    /// What is wanted of one of the records.
    ///
    /// - Parameter base: the version on which an edit is made: what others made of the same fields since then stands against it. Nil when
    ///   nobody made anything.
    func intent(for record: LoadedRecord, of type: RecordType, base: Int64?) -> Intent {
        let id = record.id
        let edit: Edit
        switch kind {
        case .edit(let given): edit = given
        case .deletion: return Intent(id: id, kind: .deletion(version: nil))
        // It is about what the record holds now, whoever gave it that.
        case .replacement(let replacement): return replacement.intent(for: record)
        }
        let sent = edit.sent.copy()
        sent.setID(type.standard.id.descriptor, id)
        if let base { sent.setInt64(type.standard.version.descriptor, base) }
        return Intent(id: id, kind: .edit(Edit(id: id.text, sent: sent, fields: edit.fields, tags: edit.tags)))
    }

    /// The rights that it takes to do this with many: who gives records away has to be allowed to, whatever the method is called.
    func grants(_ grant: Action, of type: RecordType) -> [Action] {
        let scope = [type.standard.owner, type.standard.department].compactMap { $0?.index }
        let movesRecords = edit?.fields.contains { scope.contains($0.index) } ?? false
        return movesRecords && grant != .reassign ? [grant, .reassign] : [grant]
    }

    /// The values that an edit gives.
    var edit: Edit? { if case .edit(let edit) = kind { edit } else { nil } }
}

/// Reads the requests of UpdateMatching, DeleteMatching or ReassignMatching, as a method and again as a job.
struct MatchingReader: Sendable {
    /// The right on single records that it takes.
    let action: Action
    /// The right to do it with many.
    let grant: Action
    private let type: RecordType
    let filter, expression: FieldDescriptor
    private let preview: FieldDescriptor
    let newValues: NewValues
    private let kind: @Sendable (Message, RecordCall, _ isKept: Bool) throws -> MatchingOrder.Kind

    /// Where a request says what the records get.
    enum NewValues: Sendable {
        case none
        case fields([FieldDescriptor])
        case record(FieldDescriptor, mask: FieldDescriptor)
    }

    private init(
        _ shape: MethodShape, _ action: Action, _ grant: Action, _ newValues: NewValues,
        _ kind: @escaping @Sendable (Message, RecordCall, Bool) throws -> MatchingOrder.Kind
    ) throws {
        type = shape.type
        filter = try shape.request("filter")
        expression = try shape.request("filter_expression")
        preview = try shape.request("preview")
        (self.action, self.grant, self.newValues, self.kind) = (action, grant, newValues, kind)
    }

    static func update(_ shape: MethodShape) throws -> MatchingReader {
        let sent = try shape.requestRecord()
        let mask = try shape.request("update_mask", repeated: true)
        let tags = try MatchingTags(shape)
        return try MatchingReader(shape, .update, .massUpdate, .record(sent, mask: mask)) {
            request, call, isKept in
            let type = call.type
            let names = try request.mask(mask, of: type)
            let given = try tags?.edit(request)
            guard
                let values = try request.message(sent).map({
                    try type.taken($0, "\(sent.name).", mask: names, isKept: isKept)
                })
                    ?? given.map({ _ in Message.make(type.message, in: call.context.arena) })
            else {
                throw RecordErrors.invalid(
                    .recordMissing, "Send the new values in a \(type.object).", field: sent.name)
            }
            var fields = try UpdateMask(names, sent: values, type: type).fields
            if let field = type.standard.tags {
                guard !fields.contains(where: { $0.index == field.index }) else {
                    throw RecordErrors.invalid(
                        .tagsListed,
                        "A list would take from each of the records what others gave it; send add_tag_ids and remove_tag_ids.",
                        field: "\(sent.name).\(field.name)")
                }
                if given != nil { fields.append(field) }
            }
            guard !fields.isEmpty else {
                throw RecordErrors.invalid(
                    .recordMissing, "Name the fields to change in update_mask, or set them.", field: "update_mask")
            }
            // An id or a version would be those of one record.
            values.clear(type.standard.id.descriptor)
            values.clear(type.standard.version.descriptor)
            let edit = Edit(id: "", sent: values, fields: fields, tags: given)
            return .edit(try edit.checked(call, "\(sent.name).", before: .nothing))
        }
    }

    static func deletion(_ shape: MethodShape) throws -> MatchingReader {
        try MatchingReader(shape, .delete, .massUpdate, .none) { _, _, _ in .deletion }
    }

    static func reassignment(_ shape: MethodShape) throws -> MatchingReader {
        let (ownerID, departmentID) = (try shape.request("owner_id"), try shape.request("department_id"))
        guard let owner = shape.type.standard.owner, let department = shape.type.standard.department else {
            throw shape.problem("its records have no owner.")
        }
        return try MatchingReader(shape, .update, .reassign, .fields([ownerID, departmentID])) { request, call, _ in
            let values = Message.make(call.type.message, in: call.context.arena)
            values.setID(owner.descriptor, try RecordEngine.id(request.string(ownerID), field: ownerID.name))
            var fields = [owner]
            if request.has(departmentID) {
                let id = try RecordEngine.id(request.string(departmentID), field: departmentID.name)
                values.setID(department.descriptor, id)
                fields.append(department)
            }
            return .edit(try Edit(id: "", sent: values, fields: fields).checked(call, ""))
        }
    }

    func isPreview(_ request: Message) -> Bool { request.has(preview) && request.bool(preview) }

    /// - Parameter isKept: the request is one that a job kept.
    /// - Throws: INVALID_ARGUMENT for what is wrong with the request, PERMISSION_DENIED for a field that the caller may not write.
    func order(
        _ request: Message, _ call: RecordCall, _ engine: RecordEngine, isKept: Bool
    ) async throws -> MatchingOrder {
        let node = try await engine.filter(request.message(filter), request.string(expression), call)
        guard let node else {
            throw RecordErrors.invalid(
                .filterMissing,
                "Say which \(type.plural) with a filter; one that all fulfil is: id != \"00000000-0000-0000-0000-000000000000\".",
                field: filter.name)
        }
        return MatchingOrder(filter: node, kind: try kind(request, call, isKept))
    }
}
