import AccessControl
package import Contracts
package import RPC
import Tenancy
import TenantDatabase
import Wire

/// One entry of a choice list in the place of another, in all records of a service that have it ([D100](../../README.md)): what uses the list, how often,
/// and each step of the job. Each record is edited as a bulk change edits it: by the one write path, with the rights of who asked for it.
package struct ChoiceMerge: Sendable {
    private let engine: RecordEngine
    /// UpdateMatching of each type, of objects that workspaces define one for all.
    private let methods: [MatchingMethod]

    package init(_ engine: RecordEngine) throws {
        self.engine = engine
        methods = try MatchingMethod.all(engine).filter {
            $0.reader.action == .update && $0.reader.grant == .massUpdate
        }
    }

    /// A field that takes its choices from a list.
    private struct Use {
        let method: MatchingMethod
        let field: String

        var object: String { method.type.object }
        /// Their order.
        var place: String { "\(object).\(field)" }
    }

    /// The fields of a workspace's records that take their choices from a list, in an order that stays.
    private func uses(of list: String, in model: TenantModel) throws -> [Use] {
        try engine.types(in: model).map { $0.shaped(by: model) }.flatMap { type -> [Use] in
            let fields = type.fields.filter { $0.rules.choices?.name == list }
            guard !fields.isEmpty,
                let method = methods.first(where: { $0.type.object == (type.template ?? type.served).object })
            else { return [] }
            let own = type.own == nil ? method : try method.of(type)
            return fields.map { Use(method: own, field: $0.name) }
        }.sorted { $0.place < $1.place }
    }

    /// The order to put one entry in the place of another; with the rights that it takes.
    ///
    /// - Throws: PERMISSION_DENIED for who may not change many of the kind, or not read or write the field.
    private func order(_ use: Use, from value: String, into other: String, _ call: RecordCall) throws -> MatchingOrder {
        try call.require(.update)
        try call.require(.massUpdate)
        guard let field = call.type.field(use.field) else {
            preconditionFailure("\(use.place) is a field of the same model")
        }
        try call.rights.requireWritable([field])
        let filter = FilterNode.compare(
            FilterComparison(path: use.field, comparator: .equal, values: [.text(value)], place: use.place))
        return MatchingOrder(
            filter: filter,
            kind: .replacement(ChoiceReplacement(field: field, from: value, into: other)))
    }

    /// How many records have an entry, field by field. What could not be counted in time has no count.
    package func count(
        _ request: CountChoiceUsesRequest, _ context: CallContext, deadline: Deadline
    ) async throws -> [CountedChoiceUse] {
        let value = request.value ?? ""
        var counted: [CountedChoiceUse] = []
        for use in try uses(of: request.choiceList ?? "", in: try await engine.model(context)) {
            let call = try await engine.authorise(context, use.method.type, .update)
            let order = try order(use, from: value, into: value, call)
            let count = try use.method.selection(order, call).count()
            var told = CountedChoiceUse(object: use.object, field: use.field)
            do {
                let rows = try await engine.database.read(
                    call.actor, at: engine.place(of: call), deadline: deadline.nanoseconds, engine.scan(count.text),
                    count.parameters)
                told.count = try await count.read(rows)
            } catch {
                let refusal = RPCError(masking: DatabaseErrors.translate(error, use.method.type))
                guard [.resourceExhausted, .deadlineExceeded].contains(refusal.code) else { throw refusal }
            }
            counted.append(told)
        }
        return counted
    }

    /// What the first step of a job gets; nil when nothing uses the list. The rights are asked for now.
    package func checkpoint(
        _ request: BeginChoiceMergeRequest, in transaction: RecordTransaction
    ) async throws -> [UInt8]? {
        let (from, into) = (request.fromValue ?? "", request.intoValue ?? "")
        let uses = try uses(of: request.choiceList ?? "", in: try await transaction.model())
        for use in uses { _ = try order(use, from: from, into: into, try await transaction.call(use.method.type)) }
        return uses.first.map { first in
            ChoiceMergeCheckpoint(
                choiceList: request.choiceList, fromValue: from, intoValue: into,
                startMicros: transaction.now.microseconds, object: first.object, field: first.field
            ).encoded()
        }
    }

    /// What a job was asked for.
    package static func summary(_ checkpoint: [UInt8]) throws -> String? {
        let place = try ChoiceMergeCheckpoint(decoding: checkpoint)
        return "\(place.choiceList ?? ""): \((place.fromValue ?? "").quoted) → \((place.intoValue ?? "").quoted)"
    }

    /// Does the next records, field after field, with the rights that the transaction's actor has now.
    package func step(
        _ checkpoint: [UInt8], _ report: JobReport, in transaction: RecordTransaction
    ) async throws -> MatchingStep {
        var place = try ChoiceMergeCheckpoint(decoding: checkpoint)
        let uses = try uses(of: place.choiceList ?? "", in: try await transaction.model())
        let current = "\(place.object ?? "").\(place.field ?? "")"
        // What uses the list no more is passed over.
        guard let index = uses.firstIndex(where: { $0.place >= current }) else {
            return MatchingStep(checkpoint: nil, report: report)
        }
        let use = uses[index]
        let call = try await transaction.call(use.method.type)
        let list = call.type.field(use.field)?.rules.choices
        // That may have been merged into another one since.
        let into = list?.successor(of: place.intoValue ?? "") ?? ""
        let order = try order(use, from: place.fromValue ?? "", into: into, call)
        let pass = try MatchingPass(
            use.method, order, call, startTime: Timestamp(microseconds: place.startMicros ?? 0))
        let last = use.place == current ? place.lastID.flatMap { RecordID(bytes: $0) } : nil
        let done = try await pass.run(after: last, atMost: MatchingMethod.rowsAtOnce, in: transaction)
        var part = JobReport()
        for item in done.items { part.add(item) }
        part.kinds = [KindReport(part, of: use.object)]
        let next = done.last == nil ? uses.dropFirst(index + 1).first : use
        (place.object, place.field, place.lastID) = (next?.object, next?.field, done.last?.bytes)
        return MatchingStep(checkpoint: next == nil ? nil : place.encoded(), report: report.adding(part))
    }
}
