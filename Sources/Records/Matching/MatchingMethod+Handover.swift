import AccessControl
package import RPC
package import Tenancy
import Wire

/// A part of what a user leaves behind, and who gets it.
package struct HandoverPart: Hashable, Sendable {
    package let from: UserID
    package let to: UserID
    /// Only records of this department; nil for all.
    package let department: RecordID?
    /// Not those of these departments.
    package let otherDepartments: [RecordID]

    package init(from: UserID, to: UserID, department: RecordID?, otherDepartments: [RecordID]) {
        (self.from, self.to) = (from, to)
        (self.department, self.otherDepartments) = (department, otherDepartments)
    }
}

// What a user leaves behind, of one type.
extension MatchingMethod {
    /// ReassignMatching of each type whose records have owners.
    package static func reassignments(_ engine: RecordEngine) throws -> [MatchingMethod] {
        try all(engine).filter { $0.reader.grant == .reassign }
    }

    /// The kind of its records.
    package var object: String { type.object }

    /// How many records a handover would give away, of those that the caller may give away.
    ///
    /// - Throws: PERMISSION_DENIED without the right to reassign any.
    package func count(leftBehindBy user: UserID, _ context: CallContext) async throws -> Int64 {
        let call = try await engine.authorise(context, type, reader.action)
        try call.require(reader.grant)
        let filter = try FilterParser.parse(handoverFilter(of: user, at: call.now))
        let selection = try selection(MatchingOrder(filter: filter, kind: .deletion), call)
        return try await count(selection).value
    }

    /// What the first step of a job gets that gives a part of it to another user.
    package func checkpoint(_ part: HandoverPart, at now: Timestamp) -> [UInt8] {
        var filter = handoverFilter(of: part.from, at: now)
        if let department = part.department { filter += " and department_id = \"\(department)\"" }
        if !part.otherDepartments.isEmpty {
            let others = part.otherDepartments.map { "\"\($0)\"" }.joined(separator: ", ")
            filter += " and not department_id in (\(others))"
        }
        let arena = Arena()
        let request = Message.make(method.request, in: arena)
        request.setString(field("filter_expression"), filter)
        request.setString(field("owner_id"), part.to.id.text)
        return MatchingCheckpoint(request: WireCodec.encode(request), startTime: now).encoded
    }

    private func handoverFilter(of user: UserID, at now: Timestamp) -> String {
        let owned = "owner_id = \"\(user.id)\""
        return type.rules.handover.map { "\(owned) and (\($0(now)))" } ?? owned
    }

    private func field(_ name: String) -> FieldDescriptor {
        guard let field = method.request.field(name) else { preconditionFailure("\(method.path) has no \(name)") }
        return field
    }
}
