package import Postgres
import Text

/// Compares a declared record type with the live table. Meant for a test of each service: a column that was forgotten
/// in a migration is found there and not by the first caller.
package enum SchemaCheck {
    /// Gives the columns of a table: name, udt_name and whether NULL is allowed ($1 is the schema, $2 the table).
    package static let columns = Statement(
        """
        SELECT column_name::text, udt_name::text, is_nullable = 'YES' FROM information_schema.columns \
        WHERE table_schema = $1 AND table_name = $2
        """)

    /// Gives the names of the indexes, with their definitions, and of the constraints of a table ($1 is the schema, $2 the
    /// table).
    package static let constraints = Statement(
        """
        SELECT indexname::text, indexdef::text FROM pg_catalog.pg_indexes WHERE schemaname = $1 AND tablename = $2 \
        UNION SELECT conname::text, '' FROM pg_catalog.pg_constraint AS c \
        JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid \
        JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace WHERE n.nspname = $1 AND t.relname = $2
        """)

    /// What does not fit, one sentence each; empty when all fits. Takes the rows of `columns` and `constraints`.
    package static func problems(of type: RecordType, columns: Rows, constraints: Rows) throws -> [String] {
        var live: [String: (type: String, isNullable: Bool)] = [:]
        for row in columns { live[try row.string(0)] = (try row.string(1), try row.bool(2)) }
        let found = try constraints.map { (name: try $0.string(0), definition: try $0.string(1)) }
        guard !live.isEmpty else { return ["There is no table \(type.table)."] }
        let definitions = Dictionary(found, uniquingKeysWith: { $0.isEmpty ? $1 : $0 })
        return columnProblems(type, live) + constraintProblems(type, Set(found.map(\.name)))
            + indexProblems(type, definitions) + searchProblems(type, definitions) + caseProblems(type, definitions)
            + partProblems(type, definitions)
    }

    private static func partProblems(_ type: RecordType, _ definitions: [String: String]) -> [String] {
        guard let index = type.partIndex, definitions[index.name] == nil else { return [] }
        return ["\(type.table) lacks the index \(index.name) \(index.definition)."]
    }

    private static func columnProblems(
        _ type: RecordType, _ live: [String: (type: String, isNullable: Bool)]
    ) -> [String] {
        var problems: [String] = []
        for field in type.fields {
            for (column, expected) in zip(field.columns, field.kind.databaseTypes) {
                guard let found = live[column] else {
                    problems.append("\(type.table) lacks the column \(column) \(expected) of \(field.name).")
                    continue
                }
                if found.type != expected {
                    problems.append("\(type.table).\(column) is \(found.type) instead of \(expected).")
                }
                // Records of an object that a workspace has defined may have no owner.
                if field.isAlwaysSet, found.isNullable, !(type.isTemplate && field.role == .owner) {
                    problems.append(
                        "\(type.table).\(column) must be NOT NULL, as \(field.name) is always set.")
                }
            }
        }
        let declared = Set(type.fields.flatMap(\.columns) + (type.isTemplate ? [RecordType.ownColumn] : []))
        for (column, found) in live.sorted(by: { $0.key < $1.key })
        where !declared.contains(column) && !found.isNullable {
            problems.append("\(type.table).\(column) is NOT NULL, but no field of \(type.object) fills it.")
        }
        return problems
    }

    /// An index in another order than lists have would be there and be of no use.
    private static func indexProblems(_ type: RecordType, _ definitions: [String: String]) -> [String] {
        type.fields.filter(\.rules.isIndexed).compactMap { field in
            let name = "\(type.table)_\(field.column)_idx"
            let collation = TextOrder.root.collation.split(separator: ".").last ?? ""
            let column = if case .text = field.kind { "\(field.column) COLLATE \(collation)" } else { field.column }
            let keys =
                "(\(first(type))\(column), \(type.standard.id.column)) WHERE (\(type.standard.deleteTime.column) IS NULL)"
            guard definitions[name]?.hasSuffix(keys) != true else { return nil }
            return "\(type.table) lacks the index \(name) on \(keys)."
        }
    }

    /// What records are looked for by, whatever their type: references, and of owned ones owner, department and the usual order.
    private static func searchProblems(_ type: RecordType, _ definitions: [String: String]) -> [String] {
        let standard = type.standard
        let ofScope = standard.owner.map { [$0, standard.createTime] + [standard.department].compactMap { $0 } } ?? []
        let references = type.fields.filter { field in
            if case .id = field.kind { field.rules.reference != nil } else { false }
        }
        return (ofScope + references).map(\.column).filter { column in
            let beginnings = ["USING btree (\(first(type))\(column),", "USING btree (\(first(type))\(column))"]
            return !definitions.values.contains { definition in beginnings.contains(where: definition.contains) }
        }.map { "\(type.table) lacks an index that begins with \($0)." }
    }

    /// What comes first in the indexes of a table that several objects share.
    private static func first(_ type: RecordType) -> String { type.isTemplate ? "\(RecordType.ownColumn), " : "" }

    /// A rule that tells case apart as its index does not, or the other way round, would not find which value is taken.
    private static func caseProblems(_ type: RecordType, _ definitions: [String: String]) -> [String] {
        let declared: [(name: String, ignoringCase: Bool)] =
            type.fields.compactMap(\.rules.unique).map { (name: $0.constraint, ignoringCase: $0.ignoringCase) }
            + type.constraints.map { (name: $0.name, ignoringCase: $0.ignoringCase) }
        return declared.compactMap { rule in
            guard let definition = definitions[rule.name], !definition.isEmpty,
                definition.contains("lower(") != rule.ignoringCase
            else { return nil }
            return "\(rule.name) \(rule.ignoringCase ? "tells case apart" : "ignores case"), unlike its rule."
        }
    }

    private static func constraintProblems(_ type: RecordType, _ names: Set<String>) -> [String] {
        var expected = type.constraints.map(\.name) + ["\(type.table)_pkey"]
        for field in type.fields {
            if let unique = field.rules.unique { expected.append(unique.constraint) }
            if case .record = field.rules.reference, case .id = field.kind {
                expected.append("\(type.table)_\(field.column)_fkey")
            }
        }
        return expected.filter { !names.contains($0) }.map {
            "\(type.table) lacks the constraint or index \($0)."
        }
    }
}
