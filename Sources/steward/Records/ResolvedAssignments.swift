import Contracts
import StewardClient
import Wire

/// Assignments as field=value with what they need looked up: other records by their names, and the kinds of the fields that the workspace has
/// added, as in custom.size=42, custom.supplier=Nordlicht or custom.supplier.external_id=S-7.
struct ResolvedAssignments {
    /// Those to fields that every workspace has.
    let declared: [String]
    private let custom: [(path: String, text: String)]
    private let kinds: CustomFieldKinds?

    /// - Throws: `UsageProblem` for a field that there is not.
    init(_ assignments: [String], of noun: RecordNoun, _ connection: StewardConnection) async throws {
        func isCustom(_ assignment: String) -> Bool { CustomFieldKinds.isPath(assignment, in: noun.record) }
        var resolver = ReferenceResolver(connection: connection)
        let resolved = try await resolver.resolve(assignments.filter { !isCustom($0) }, in: noun.record)
        let own = try assignments.filter(isCustom).map { assignment in
            guard let parts = FieldAssignment.parts(assignment) else {
                throw UsageProblem("\(assignment) is no assignment", cure: "write field=value, as in custom.size=42")
            }
            return parts
        }
        let bindable = resolved.compactMap(FieldAssignment.parts).filter { noun.entry.bindableFields.contains($0.path) }
        let needsKinds = !own.isEmpty || !bindable.isEmpty
        let kinds = needsKinds ? try await CustomFieldKinds(of: noun, connection) : nil
        declared = resolved.map { assignment in
            guard let kinds, let (path, text) = FieldAssignment.parts(assignment) else { return assignment }
            let value = kinds.choices.value(of: text, path)
            return value == text ? assignment : "\(path)=\(value)"
        }
        var custom: [(path: String, text: String)] = []
        for (path, text) in own {
            guard let reference = kinds?.reference(path), !text.isEmpty else {
                try kinds?.require(path)
                custom.append((path, text))
                continue
            }
            try await resolver.look(up: [text], reference)
            custom.append((reference.target, try resolver.id(of: text, reference)))
        }
        (self.custom, self.kinds) = (custom, kinds)
        for case let (name, _)? in declared.map(FieldAssignment.parts) {
            try await CustomFieldKinds.checking(name, of: noun, connection) {
                try FieldAssignment.check(name, in: noun.record)
            }
        }
    }

    /// Gives the fields that were named, in order, for a mask.
    func apply(to record: Message) throws -> [String] {
        let named = try FieldAssignment.apply(declared, to: record)
        for (path, text) in custom { try kinds?.set(path, to: text, in: record) }
        return named + custom.map(\.path)
    }
}
