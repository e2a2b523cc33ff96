import Testing

/// Where a program's actor is made, for what, and what is written beside the record engine.
struct ActorTests {
    /// Nothing that came with a call decides there which program acts, or for whom.
    static let makers: Set<String> = [
        "Sources/IdentityService/Roles/RoleUpgrade.swift",
        "Sources/IdentityService/Sessions/UpdateSelf.swift",
        "Sources/IdentityService/Tenants/ResetAdminSignIn.swift",
        "Sources/IdentityService/Tenants/TenantSeed.swift",
        "Sources/IdentityService/Users/TenantData.swift",
        "Sources/Records/Mirrors/MirrorPush.swift", "Sources/Records/Search/SearchKeeper.swift",
        "Sources/Records/Sharing/SharingKeeper.swift", "Sources/Records/Formulas/ReckoningKeeper.swift",
        "Sources/Records/RollUps/RollUpExchange.swift",
        "Sources/Records/RollUps/RollUpMethods.swift",
        "Sources/Records/Watch/WatchTail.swift",
        "Sources/Work/Methods/TenantJobMethods.swift",
        "Sources/Work/Runner/JobRunner+Look.swift",
        "Sources/Work/Runner/JobRunner+Step.swift",
    ]
    static let declarations: Set<String> = [
        "Sources/IdentityService/Purposes.swift", "Sources/Records/Engine/Purposes.swift",
        "Sources/Work/Purposes.swift",
    ]

    /// `onBehalfOf:` is a part of every expression that makes a program's actor.
    static func makes(_ file: SourceFile) -> Bool { file.code.contains("onBehalfOf:") }

    static func declares(_ file: SourceFile) -> Bool { file.code.contains(/\bPurpose(\.init)?\(/) }

    static func violations(in files: [SourceFile]) -> [String] {
        files.filter { $0.module != "Tenancy" }.flatMap { file in
            [
                makes(file) && !makers.contains(file.path) ? "\(file.path): makes a program's actor" : nil,
                declares(file) && !declarations.contains(file.path) ? "\(file.path): declares a purpose" : nil,
            ].compactMap(\.self)
        }
    }

    @Test func programsActInListedPlacesOnly() {
        #expect(Self.violations(in: SourceTree.handWritten) == [])
        let unused = Self.makers.filter { path in !SourceTree.handWritten.contains { $0.path == path && Self.makes($0) }
        }
        #expect(unused.isEmpty)
    }

    @Test(arguments: [
        "let a = TenantActor(tenant, purpose: .upgradeRoles, onBehalfOf: user)",
        "let a = TenantActor(\n    tenant, purpose: .upgradeRoles,\n    onBehalfOf: nil)",
        "let a: Actor = .program(.signIn, onBehalfOf: caller.userID)", "let p = Purpose(\"x\")",
        "let p: Purpose = Purpose.init(\"x\")",
    ])
    func aProgramOfAnotherPlaceIsFound(text: String) {
        #expect(Self.violations(in: [SourceFile(path: "Sources/SalesService/A.swift", text: text)]).count == 1)
    }

    /// What is wrong with the purposes that a file declares.
    static func problems(ofPurposesIn text: String, objects: Set<String>) -> [String] {
        var names: Set<String> = []
        return text.matches(of: /\bPurpose\("([^"]*)"([^)]*)\)/).flatMap { match -> [String] in
            var problems: [String] = []
            if !match.1.contains(/^[a-z]+(_[a-z]+)*$/) { problems.append("\(match.1) is no name") }
            if !names.insert(String(match.1)).inserted { problems.append("\(match.1) is there twice") }
            for need in match.2.matches(of: /"([^"]*)"/) {
                let dot = need.1.lastIndex(of: ".") ?? need.1.endIndex
                // Objects that workspaces define are known to no program by name.
                let isKnown =
                    objects.union(["custom.*"]).contains(String(need.1[..<dot]))
                    && ["read", "create", "update", "delete", "erase"].contains(need.1[dot...].dropFirst())
                if !isKnown { problems.append("\(match.1) needs \(need.1), which is no right") }
            }
            return problems
        }
    }

    /// The kinds of records that proto/ announces.
    static let objects = Set(
        SourceTree.proto.flatMap { $0.text.matches(of: /object: "([a-z_]+)"/).map { String($0.1) } })

    @Test func purposesNameTheRightsThatTheyNeed() {
        #expect(Self.objects.isSuperset(of: ["role", "deal"]))
        let text = SourceTree.handWritten.filter { Self.declarations.contains($0.path) }.map(\.text).joined()
        #expect(text.contains("Purpose(\"upgrade_roles\", needs:"))
        #expect(Self.problems(ofPurposesIn: text, objects: Self.objects) == [])
    }

    @Test(arguments: [
        "Purpose(\"upgrade roles\")", "Purpose(\"a\") Purpose(\"a\")", "Purpose(\"a\", needs: \"role.*\")",
        "Purpose(\"a\", needs: \"custom.*.*\")",
        "Purpose(\"a\", needs: \"role.read\", \"rolls.read\")", "Purpose(\"a\", needs: \"role\")",
    ])
    func aWrongPurposeIsFound(text: String) {
        #expect(Self.problems(ofPurposesIn: text, objects: ["role"]).count == 1)
    }

    /// What statements of services write in tenants' schemas beside the engine: tables that hold no records, and one column
    /// (CredentialTable says why).
    static let written: Set<String> = [
        "IdentityService: credentials", "IdentityService: settings",
        "IdentityService: settings_versions", "IdentityService: model_versions",
        "IdentityService: users SET last_sign_in_at",
        "SalesService: stage_changes", "CustomerService: custom_objects", "CustomerService: record_numbers",
    ]

    static func writes(of file: SourceFile) -> Set<String> {
        let code = SwiftText.code(of: file.text, keepingLiterals: true)
        return Set(
            code.matches(of: /(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+\{schema\}\.([a-z_]+)/).map { match in
                let table = "\(file.module): \(match.1)"
                guard match.1 == "users", let set = code[match.range.upperBound...].prefixMatch(of: /\s+SET\s[^"]*/)
                else { return table }
                let changes = set.0.prefix(upTo: set.0.firstRange(of: "WHERE")?.lowerBound ?? set.0.endIndex)
                return "\(table) SET " + changes.matches(of: /([a-z_]+) =/).map { String($0.1) }.joined(separator: ", ")
            })
    }

    @Test func recordsAreWrittenByTheEngineOnly() {
        let services = SourceTree.handWritten.filter { $0.module.hasSuffix("Service") }
        #expect(Set(services.flatMap(Self.writes)) == Self.written)
    }

    @Test(arguments: [
        "UPDATE {schema}.users SET email = $2", "UPDATE {schema}.users SET last_sign_in_at = $2, version = $3",
        "DELETE FROM {schema}.users WHERE id = $1", "INSERT INTO {schema}.roles (id) VALUES ($1)",
        "WITH a AS (\n  UPDATE\n  {schema}.deals SET stage_id = $1 RETURNING id) SELECT",
    ])
    func aWriteBesideTheEngineIsFound(_ sql: String) {
        let file = SourceFile(
            path: "Sources/IdentityService/A.swift", text: "let a = Statement(\n    \"\"\"\n    \(sql)\n    \"\"\")")
        #expect(!Self.writes(of: file).isSubset(of: Self.written))
    }
}
