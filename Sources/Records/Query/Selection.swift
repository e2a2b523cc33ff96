import AccessControl
package import Postgres
package import RPC
import TenantDatabase
import Wire

/// The records of a type that a caller may read, or read and change, and that fulfil a filter. `RecordQuery` and `RecordTransaction`
/// give them; what can be asked about them is in Question.swift.
package struct Selection: Sendable {
    package let call: RecordCall
    let filter: ResolvedFilter?
    let lifetime: Lifetime
    /// What is to be changed must be readable, too.
    let action: Action
    /// What it takes beside, to do it with many.
    var grants: [Action] = []

    /// Those of them that fulfil what a program asks for, too. Throws PERMISSION_DENIED for a field that the caller may not fully read.
    package func and(_ condition: FilterNode) throws -> Selection {
        let added = try FilterResolver(call).resolve(condition)
        return Selection(
            call: call, filter: filter.map { .all([$0, added]) } ?? added, lifetime: lifetime, action: action,
            grants: grants)
    }

    /// The condition as SQL, with its values appended to those of the statement: scope, lifetime and filter.
    ///
    /// - Parameters:
    ///   - looksUp: the statement looks at few records, and is to look at no more of those that they name.
    ///   - lasting: what the records belong to is taken to be shared as they say that it is.
    func condition(_ parameters: inout Parameters, lookingUp looksUp: Bool = false, lasting: Bool = false) -> String {
        let type = call.type
        var conditions: [String] = []
        if let living = lifetime.condition(type) { conditions.append(living) }
        for action in (action == .read ? [.read] : [.read, action]) + grants {
            if let scope = call.predicate(action).condition(call, &parameters, lasting: lasting) {
                conditions.append(scope)
            }
        }
        if let filter {
            var sql = FilterSQL(after: parameters, lookingUp: looksUp)
            conditions.append("(\(sql.condition(filter)))")
            parameters = sql.parameters
        }
        return conditions.isEmpty ? "true" : conditions.joined(separator: " AND ")
    }
}

extension RecordEngine {
    /// Runs a reading query of one's own in the caller's tenant.
    package func read(_ context: CallContext, _ query: Query) async throws -> Rows {
        do {
            return try await database.read(
                context.requireTenantActor(), deadline: context.deadline.nanoseconds, query.statement, query.parameters
            )
        } catch {
            throw DatabaseErrors.translate(error, nil)
        }
    }

    func resolve(_ filter: FilterNode?, _ call: RecordCall) throws -> ResolvedFilter? {
        try filter.map(FilterResolver(call).resolve)
    }

    /// Bytes of a filter from which reading it takes longer than asking whether its scan would be refused anyway: some ten conditions.
    /// Shorter ones may be known to be quick, which only their SQL tells.
    static let longFilterBytes = 512

    /// Reads either form of a filter. Throws RESOURCE_EXHAUSTED with WORKSPACE_BUSY for a long one that would be read in vain.
    func filter(_ message: Message?, _ expression: String?, _ call: RecordCall) async throws -> FilterNode? {
        let bytes = message.map { WireCodec.encodedSize($0) } ?? expression?.utf8.count ?? 0
        if bytes >= Self.longFilterBytes {
            do {
                try await database.checkScanLine(of: call.actor)
            } catch {
                throw DatabaseErrors.translate(error, call.type)
            }
        }
        return try Self.filter(message, expression)
    }

    private static func filter(_ message: Message?, _ expression: String?) throws -> FilterNode? {
        guard let expression, !expression.isEmpty else { return try message.map { try FilterNode($0) } }
        guard message == nil else {
            throw RecordErrors.invalid(
                .filterMalformed, "Send either filter or filter_expression, not both.",
                field: "filter_expression")
        }
        return try parse(expression)
    }

    /// Reads the text form of a filter. Throws INVALID_ARGUMENT with FILTER_SYNTAX.
    static func parse(_ expression: String) throws -> FilterNode {
        do throws(FilterSyntaxError) {
            return try FilterParser.parse(expression)
        } catch {
            throw RecordErrors.syntax(error)
        }
    }
}
