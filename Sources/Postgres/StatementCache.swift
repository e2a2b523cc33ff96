/// A statement that a connection has prepared, or is about to.
final class PreparedStatement {
    let name: String
    let key: StatementCache.Key
    let statement: Statement
    /// The types that it is prepared for.
    let types: [PostgresType]
    /// When it was last used, counted in uses of the cache.
    fileprivate(set) var lastUse: UInt64

    init(
        name: String, key: StatementCache.Key, statement: Statement, types: [PostgresType], lastUse: UInt64
    ) {
        self.name = name
        self.key = key
        self.statement = statement
        self.types = types
        self.lastUse = lastUse
    }

    func fits(_ entries: [Parameters.Entry]) -> Bool {
        guard types.count == entries.count else { return false }
        for index in types.indices where types[index] != entries[index].type { return false }
        return true
    }
}

/// The prepared statements of one connection, per schema: which exist, under which name, and which has to go when there
/// are too many. It only keeps books; the connection sends PREPARE and DEALLOCATE.
struct StatementCache {
    struct Key: Hashable {
        let statementID: Int
        /// Nil for a statement without a schema slot.
        let slot: SlotKey?

        init(_ statement: Statement, in slot: SlotKey?) {
            statementID = statement.id
            self.slot = statement.hasSchemaSlot ? slot : nil
        }
    }

    enum Lookup {
        case found(PreparedStatement)
        /// Not there: prepare `new`, and deallocate `evicted` first.
        case missing(new: PreparedStatement, evicted: PreparedStatement?)
    }

    let countMax: Int
    private var statements: [Key: PreparedStatement] = [:]
    private var uses: UInt64 = 0
    /// Statements prepared since the connection was opened.
    private(set) var preparedCount = 0

    init(countMax: Int) {
        precondition(countMax > 0)
        self.countMax = countMax
    }

    var count: Int { statements.count }
    var all: [PreparedStatement] { Array(statements.values) }

    /// Finds the statement, or makes room and a name for it. A statement whose parameters changed type is replaced.
    mutating func use(_ statement: Statement, in slot: SlotKey?, _ entries: [Parameters.Entry]) -> Lookup {
        let key = Key(statement, in: slot)
        if let known = statements[key], known.fits(entries) {
            uses += 1
            known.lastUse = uses
            return .found(known)
        }
        return prepare(statement, key, entries.map(\.type))
    }

    /// What to do to have a statement that another connection has; nil when it is there.
    mutating func learn(_ other: PreparedStatement) -> (new: PreparedStatement, evicted: PreparedStatement?)? {
        guard statements[other.key] == nil,
            case .missing(let new, let evicted) = prepare(other.statement, other.key, other.types)
        else { return nil }
        return (new, evicted)
    }

    private mutating func prepare(_ statement: Statement, _ key: Key, _ types: [PostgresType]) -> Lookup {
        let evicted = statements.removeValue(forKey: key) ?? (count >= countMax ? removeOldest() : nil)
        uses += 1
        preparedCount += 1
        let new = PreparedStatement(
            name: "s\(preparedCount)", key: key, statement: statement, types: types, lastUse: uses)
        statements[key] = new
        return .missing(new: new, evicted: evicted)
    }

    /// The server did not prepare it after all.
    mutating func forget(_ statement: PreparedStatement) {
        if statements[statement.key] === statement { statements[statement.key] = nil }
    }

    /// A pass over all, which is cheap beside the PREPARE that makes it necessary.
    private mutating func removeOldest() -> PreparedStatement? {
        guard let oldest = statements.values.min(by: { $0.lastUse < $1.lastUse }) else { return nil }
        return statements.removeValue(forKey: oldest.key)
    }
}
