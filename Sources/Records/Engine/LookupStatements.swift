import AccessControl
import Postgres

/// The statements that find records of a type by id. Their text depends on the caller's scope and on the lifetime asked
/// for, and on nothing else, so all of them are made when the type is declared and no call builds text.
struct LookupStatements: Sendable {
    /// One record: $1 its id.
    let get: ScopedStatement
    /// Several records: $1 their ids.
    let batchGet: ScopedStatement
    /// One record, locked until the transaction ends: $1 its id.
    let lock: ScopedStatement
    /// Several records, locked in the order of their ids, so that two who want the same ones do not wait for each other: $1 their ids.
    let lockEach: ScopedStatement
    /// The ids of those that exist: $1 the ids.
    let existing: ScopedStatement
    /// The same, kept from being deleted until the transaction ends.
    let existingShared: ScopedStatement

    init(source: String, columnList: String, standard: StandardFields) {
        func statement(
            _ columns: String, _ condition: String, _ ending: String = "", isLoading: Bool = false
        ) -> ScopedStatement {
            ScopedStatement(standard, isLoading: isLoading) { added, conditions in
                let all = ([condition] + conditions).joined(separator: " AND ")
                return "SELECT \(columns)\(added) FROM \(source) WHERE \(all)\(ending)"
            }
        }
        let id = standard.id.column
        get = statement(columnList, "\(id) = $1")
        batchGet = statement(columnList, "\(id) = ANY ($1)")
        let locked = LoadedRecord.columns(columnList)
        lock = statement(locked, "\(id) = $1", " FOR UPDATE", isLoading: true)
        lockEach = statement(locked, "\(id) = ANY ($1)", " ORDER BY \(id) FOR UPDATE", isLoading: true)
        existing = statement(id, "\(id) = ANY ($1)")
        existingShared = statement(id, "\(id) = ANY ($1)", " ORDER BY \(id) FOR SHARE")
    }
}

/// A statement in the forms that it has for each scope and lifetime. The parameters of the scope come after $1.
struct ScopedStatement: Sendable {
    /// By lifetime, then by the shape of the scope.
    private let statements: [Statement]
    /// Its rows become `LoadedRecord`s.
    private let isLoading: Bool
    /// Of columns added to those that it gives, and of conditions.
    private let text: @Sendable (String, [String]) -> String

    fileprivate init(
        _ standard: StandardFields, isLoading: Bool, _ text: @escaping @Sendable (String, [String]) -> String
    ) {
        (self.isLoading, self.text) = (isLoading, text)
        statements = Lifetime.allCases.flatMap { lifetime in
            ScopeShape.allCases.map { shape in
                let conditions = [lifetime.condition(standard), shape.condition(standard, after: 1)]
                return Statement.known(unsafeGenerated: text("", conditions.compactMap { $0 }))
            }
        }
    }

    /// The form for a caller and an action; binds the values of the scope after the one parameter that is bound already. Where the caller may be let at records by
    /// what they belong to, the text depends on the workspace's fields and rules, too, and is made for the call.
    func statement(
        _ lifetime: Lifetime, _ call: RecordCall, _ action: Action, _ parameters: inout Parameters
    ) -> Statement {
        let scope = call.predicate(action)
        let mayFollow = isLoading && call.mayFollow
        guard mayFollow || !scope.parents.isEmpty else {
            return statement(lifetime, scope, of: call.type, &parameters)
        }
        let conditions = [lifetime.condition(call.type), scope.condition(call, &parameters)].compactMap(\.self)
        let added = mayFollow ? LoadedRecord.followingColumns(call, &parameters) : ""
        return Statement.known(unsafeGenerated: text(added, conditions))
    }

    /// The form for a scope that does not ask to what records belong.
    func statement(
        _ lifetime: Lifetime, _ scope: ScopePredicate, of type: RecordType, _ parameters: inout Parameters
    ) -> Statement {
        assert(parameters.count == 1, "the scope's parameters begin at $2")
        let shape = ScopeShape(scope, type.standard)
        shape.bind(scope, type.standard, to: &parameters)
        return statements[lifetime.rawValue * ScopeShape.allCases.count + shape.rawValue]
    }
}
