import Testing

/// Rules for migrations: what a sharded PostgreSQL could not carry, and how files are named.
struct SQLFileTests {
    /// What every tenant's schema has, the directory, and a stream for each service.
    static let streams = Set(["tenant", "directory"] + SourceTree.programs)
    /// Longest identifier in bytes. PostgreSQL cuts at 63, and Citus adds a number of up to 13 to it.
    static let identifierBytesMax = 50

    struct Ban: Sendable {
        let word: String
        let reason: String
        /// The files that may: a trigger that does no more than to refuse, numbers that are no ids.
        var exceptions: Set<String> = []
    }
    static let bans: [Ban] = [
        Ban(
            word: "trigger", reason: "nothing happens behind a statement's back",
            exceptions: ["directory_0013_guard_tenant_states.sql"]),
        Ban(word: "serial", reason: "ids are uuid v7, made by the service"),
        Ban(word: "bigserial", reason: "ids are uuid v7, made by the service"),
        Ban(
            word: "sequence", reason: "ids are uuid v7, made by the service",
            exceptions: [
                "tenant_0005_number_ledger.sql", "identity_0009_create_field_definitions.sql",
                "identity_0010_create_object_definitions.sql",
            ]),
        Ban(word: "deferrable", reason: "deferred keys do not shard"),
        Ban(word: "search_path", reason: "names are qualified"),
        Ban(word: "set_config", reason: "SET LOCAL only"),
        Ban(word: "notify", reason: "no NOTIFY for correctness"),
        Ban(word: "pg_advisory_xact_lock", reason: "no advisory lock for correctness"),
    ]

    /// Lower-case words outside comments and literals.
    static func words(of sql: String) -> [(word: String, line: Int)] {
        var found: [(String, Int)] = []
        for (index, line) in sql.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let code = line.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false)[0]
                .replacing(/'[^']*'/, with: "''")
            for word in code.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }) {
                found.append((String(word), index + 1))
            }
        }
        return found
    }

    static func violations(in file: SourceFile) -> [String] {
        var problems: [String] = []
        for (word, line) in words(of: file.text) {
            if let ban = bans.first(where: { $0.word == word }), !ban.exceptions.contains(file.name) {
                problems.append("\(file.path):\(line): \(word): \(ban.reason)")
            }
            if word.utf8.count > identifierBytesMax {
                problems.append("\(file.path):\(line): \(word) is longer than \(identifierBytesMax) bytes")
            }
        }
        return problems
    }

    /// `<stream>_<NNNN>_<verb>_<noun>.sql`, counted from 1 without gaps in each stream.
    static func misnamed(_ names: [String]) -> [String] {
        var problems: [String] = []
        var numbers: [String: [Int]] = [:]
        for name in names {
            guard let match = name.wholeMatch(of: /([a-z]+)_(\d{4})_[a-z]+(?:_[a-z0-9]+)+\.sql/),
                streams.contains(String(match.1)), let number = Int(match.2)
            else {
                problems.append("\(name): call it <stream>_<NNNN>_<verb>_<noun>.sql")
                continue
            }
            numbers[String(match.1), default: []].append(number)
        }
        for (stream, found) in numbers.sorted(by: { $0.key < $1.key })
        where found.sorted() != Array(1...found.count) {
            problems.append("\(stream): numbers are \(found.sorted())")
        }
        return problems
    }

    @Test func migrationsKeepTheRules() {
        #expect(SourceTree.sql.count >= 5)
        #expect(SourceTree.sql.flatMap(Self.violations) == [])
        #expect(Self.misnamed(SourceTree.sql.map(\.name)) == [])
    }

    @Test func aBrokenRuleIsFound() {
        func problems(_ text: String) -> Int {
            Self.violations(in: SourceFile(path: "Sources/A/SQL/a.sql", text: text)).count
        }
        #expect(problems("create trigger t before insert on a execute function f();") == 1)
        #expect(problems("create table a (id bigserial);") == 1)
        #expect(problems("create index \(String(repeating: "a", count: 51)) on b (c);") == 1)
        #expect(problems("-- no trigger here\nselect 'a trigger';") == 0)
        #expect(
            Self.misnamed(["customer_0001_create_accounts.sql", "customer_0003_add_notes.sql"]).count == 1)
        #expect(Self.misnamed(["2_accounts.sql"]).count == 1)
    }
}
