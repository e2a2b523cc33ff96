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
        func statement(_ columns: String, _ condition: String, _ ending: String = "") -> ScopedStatement {
            ScopedStatement(standard) { conditions in
                let all = ([condition] + conditions).joined(separator: " AND ")
                return "SELECT \(columns) FROM \(source) WHERE \(all)\(ending)"
            }
        }
        let id = standard.id.column
        get = statement(columnList, "\(id) = $1")
        batchGet = statement(columnList, "\(id) = ANY ($1)")
        let locked = LoadedRecord.columns(columnList)
        lock = statement(locked, "\(id) = $1", " FOR UPDATE")
        lockEach = statement(locked, "\(id) = ANY ($1)", " ORDER BY \(id) FOR UPDATE")
        existing = statement(id, "\(id) = ANY ($1)")
        existingShared = statement(id, "\(id) = ANY ($1)", " ORDER BY \(id) FOR SHARE")
    }
}

/// A statement in the forms that it has for each scope and lifetime. The parameters of the scope come after $1.
struct ScopedStatement: Sendable {
    /// By lifetime, then by the shape of the scope.
    private let statements: [Statement]

    fileprivate init(_ standard: StandardFields, _ text: ([String]) -> String) {
        statements = Lifetime.allCases.flatMap { lifetime in
            ScopeShape.allCases.map { shape in
                let conditions = [lifetime.condition(standard), shape.condition(standard, after: 1)]
                return Statement.known(unsafeGenerated: text(conditions.compactMap { $0 }))
            }
        }
    }

    /// The form for a caller; binds the values of the scope after the one parameter that is bound already.
    func statement(
        _ lifetime: Lifetime, _ scope: ScopePredicate, of type: RecordType, _ parameters: inout Parameters
    ) -> Statement {
        assert(parameters.count == 1, "the scope's parameters begin at $2")
        let shape = ScopeShape(scope, type.standard)
        shape.bind(scope, type.standard, to: &parameters)
        return statements[lifetime.rawValue * ScopeShape.allCases.count + shape.rawValue]
    }
}
