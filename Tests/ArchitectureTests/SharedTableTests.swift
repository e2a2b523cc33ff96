import Testing

/// Statements on tables that tenants share. Ids of users and records are chosen by whoever creates them, so that they may
/// be the same in two tenants: a condition on one of them needs the tenant beside it.
struct SharedTableTests {
    /// Columns whose values say whose row it is, within a tenant only.
    static let ownColumns = ["user_id", "session_id", "family_id", "record_id", "actor_id"]

    /// The tables of the directory that have rows of many tenants, from the migrations that make them.
    static func sharedTables(in files: [SourceFile]) -> Set<String> {
        var tables: Set<String> = []
        for file in files {
            for match in file.text.matches(of: /CREATE TABLE directory\.([a-z_]+) \(([^;]*)\);/)
            where match.2.contains("tenant_id uuid") {
                tables.insert(String(match.1))
            }
        }
        return tables
    }

    /// The string literals of a Swift file that are SQL on one of the tables, each with its first line's number.
    static func statements(in file: SourceFile, on tables: Set<String>) -> [(text: String, line: Int)] {
        let code = SwiftText.code(of: file.text, keepingLiterals: true)
        var found: [(String, Int)] = []
        for match in code.matches(of: /"""([\s\S]*?)"""|"([^"\n]*)"/) {
            let text = String(match.1 ?? match.2 ?? "")
            let named = text.matches(of: /directory\.([a-z_]+)/).map { String($0.1) }
            guard named.contains(where: tables.contains) else { continue }
            found.append((text, code[..<match.range.lowerBound].count { $0 == "\n" } + 1))
        }
        return found
    }

    static func violations(in file: SourceFile, on tables: Set<String>) -> [String] {
        statements(in: file, on: tables).compactMap { statement in
            guard let start = statement.text.firstRange(of: /\b(WHERE|ON)\b/) else { return nil }
            let conditions = statement.text[start.lowerBound...]
            let names = conditions.matches(of: /\b([a-z_]+)\b/).map { String($0.1) }
            let own = names.first(where: ownColumns.contains) ?? (conditions.contains(/\bid = \$/) ? "id" : nil)
            guard let own, !names.contains("tenant_id") else { return nil }
            return "\(file.path):\(statement.line): a condition on \(own) without tenant_id"
        }
    }

    @Test func everyConditionNamesTheTenant() {
        let tables = Self.sharedTables(in: SourceTree.sql)
        #expect(tables.isSuperset(of: ["sessions", "refresh_tokens", "placements", "policy_marks"]))
        #expect(SourceTree.handWritten.flatMap { Self.statements(in: $0, on: tables) }.count >= 20)
        #expect(SourceTree.handWritten.flatMap { Self.violations(in: $0, on: tables) } == [])
    }

    @Test(arguments: [
        ("UPDATE directory.sessions SET revoked_at = $2 WHERE user_id = $1", 1),
        ("UPDATE directory.sessions SET expires_at = $2 WHERE id = $1", 1),
        ("SELECT tenant_id FROM directory.sessions WHERE family_id = $1", 1),
        ("DELETE FROM directory.sessions WHERE tenant_id = $1 AND user_id = $2", 0),
        ("SELECT user_id FROM directory.sessions WHERE handle_digest = $1", 0),
        ("DELETE FROM directory.operators WHERE id = $1", 0),
    ])
    func aConditionWithoutTheTenantIsFound(_ sql: String, _ count: Int) {
        let file = SourceFile(
            path: "Sources/A/B.swift",
            text: "let a = Statement(\n    \"\"\"\n    \(sql)\n    \"\"\")\nlet b = \"\(sql)\"")
        #expect(Self.violations(in: file, on: ["sessions"]).count == 2 * count)
    }
}
