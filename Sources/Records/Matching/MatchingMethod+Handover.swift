package import AccessControl
import Postgres
package import RPC
package import Tenancy
import TenantDatabase
import Wire

/// A part of what a user owns, and who gets it, or where it goes with him.
package struct HandoverPart: Hashable, Sendable {
    package let from: UserID
    package let to: UserID
    /// Only records of this department; nil for all.
    package let department: RecordID?
    /// Not those of these departments.
    package let otherDepartments: [RecordID]
    /// The department into which those come that are not in it; nil to leave them where they are.
    package let newDepartment: RecordID?

    package init(
        from: UserID, to: UserID, department: RecordID?, otherDepartments: [RecordID], newDepartment: RecordID?
    ) {
        self.from = from
        self.to = to
        self.department = department
        self.otherDepartments = otherDepartments
        self.newDepartment = newDepartment
    }
}

// What a user leaves behind or takes along, of one type.
extension MatchingMethod {
    /// ReassignMatching of each type whose records have owners; of objects that workspaces define one for all.
    package static func reassignments(_ engine: RecordEngine) throws -> [MatchingMethod] {
        try all(engine).filter { $0.reader.grant == .reassign }
    }

    /// The same with one for each object that the workspace has defined and whose records have owners.
    package static func all(_ methods: [MatchingMethod], in model: TenantModel) throws -> [MatchingMethod] {
        try methods.flatMap { method in
            guard method.type.isTemplate else { return [method] }
            return try model.objects.filter { !$0.isShared }.compactMap { object in
                try method.type.shaped(by: model, as: object.object).map { try method.of($0) }
            }
        }
    }

    /// The type of its records.
    package var recordType: RecordType { type }

    /// How many records a handover would give away, of those that the caller may give away; all of them, however many.
    ///
    /// - Parameter department: when given, only those that are not in it yet.
    /// - Throws: PERMISSION_DENIED without the right to reassign any; RESOURCE_EXHAUSTED or DEADLINE_EXCEEDED when it takes too long.
    package func count(
        leftBehindBy user: UserID, outside department: RecordID? = nil, _ context: CallContext, deadline: Deadline
    ) async throws -> Int64 {
        let call = try await engine.authorise(context, type, reader.action)
        try call.require(reader.grant)
        let filter = try FilterParser.parse(handoverFilter(of: user, outside: department, at: call.now))
        let count = try selection(MatchingOrder(filter: filter, kind: .deletion), call).count()
        do {
            let rows = try await engine.database.read(
                call.actor, at: engine.place(of: call), deadline: deadline.nanoseconds, engine.scan(count.text),
                count.parameters)
            return try await count.read(rows)
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }

    /// What the first step of a job gets that gives a part of it to another user, or to another department.
    package func checkpoint(_ part: HandoverPart, at now: Timestamp) -> [UInt8] {
        var filter = handoverFilter(of: part.from, outside: part.newDepartment, at: now)
        if let department = part.department { filter += " and department_id = \"\(department)\"" }
        if !part.otherDepartments.isEmpty {
            let others = part.otherDepartments.map { "\"\($0)\"" }.joined(separator: ", ")
            filter += " and not department_id in (\(others))"
        }
        let arena = Arena()
        let request = Message.make(method.request, in: arena)
        request.setString(field("filter_expression"), filter)
        request.setString(field("owner_id"), part.to.id.text)
        if let own = type.own { request.setString(field("object"), own.name) }
        if let department = part.newDepartment { request.setString(field("department_id"), department.text) }
        return MatchingCheckpoint(request: WireCodec.encode(request), startTime: now).encoded
    }

    private func handoverFilter(of user: UserID, outside department: RecordID?, at now: Timestamp) -> String {
        var filter = "owner_id = \"\(user.id)\""
        if let rule = type.rules.handover { filter += " and (\(rule(now)))" }
        if let department { filter += " and not department_id = \"\(department)\"" }
        return filter
    }

    private func field(_ name: String) -> FieldDescriptor {
        guard let field = method.request.field(name) else { preconditionFailure("\(method.path) has no \(name)") }
        return field
    }
}
