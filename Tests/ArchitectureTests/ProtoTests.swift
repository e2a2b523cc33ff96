import Testing

/// The tenant comes from the authenticated caller, never from a request; and every element of an API is described.
struct ProtoTests {
    /// Packages whose requests a client sends. The packages rpc and platform are between programs, type has no requests, and tenants
    /// are what TenantService is about.
    static func isPublic(_ file: SourceFile) -> Bool {
        let isBetweenPrograms = ["rpc", "platform", "type"].contains {
            file.path.hasPrefix("proto/steward/\($0)/")
        }
        return !isBetweenPrograms && !file.path.hasSuffix("/tenant_service.proto")
    }

    static func tenantFields(in file: SourceFile) -> [String] {
        var message = ""
        var problems: [String] = []
        for (index, line) in file.lines.enumerated() {
            if let match = line.firstMatch(of: /^\s*message (\w+)/) { message = String(match.1) }
            guard let field = line.firstMatch(of: /^\s*(?:optional|repeated|required) [\w.]+ (\w+) =/) else {
                continue
            }
            if field.1.split(separator: "_").contains("tenant") {
                problems.append("\(file.path):\(index + 1): \(message).\(field.1) names a tenant")
            }
        }
        return problems
    }

    /// Marks of `deploy/generate` that protoc takes for the comment of what stands beside them, since no blank line parts the two.
    static func marksInComments(in file: SourceFile) -> [String] {
        file.lines.indices.filter { index in
            guard file.lines[index].contains("// --- ") else { return false }
            return [index - 1, index + 1].contains { beside in
                file.lines.indices.contains(beside) && !["", "}"].contains(file.lines[beside])
            }
        }.map { "\(file.path):\($0 + 1): needs blank lines round it" }
    }

    /// Lines that open a service, a message, an enum, a method, a field or a value and have no comment above.
    static func undescribed(in file: SourceFile) -> [String] {
        var problems: [String] = []
        var previous: Substring = ""
        for (index, line) in file.lines.enumerated() {
            let opens = line.contains(
                /^\s*(?:service|message|enum|rpc|optional|repeated|oneof) \w|^\s+[A-Z][A-Z0-9_]+ = \d+;/)
            if opens, !previous.contains("//") {
                problems.append("\(file.path):\(index + 1): has no comment")
            }
            previous = line
        }
        return problems
    }

    @Test func noRequestNamesATenant() {
        let files = SourceTree.proto.filter(Self.isPublic)
        #expect(files.count > 5)
        #expect(files.flatMap(Self.tenantFields) == [])
    }

    @Test func everythingIsDescribed() {
        #expect(SourceTree.proto.flatMap(Self.undescribed) == [])
    }

    @Test func noMarkIsAComment() {
        #expect(SourceTree.proto.flatMap(Self.marksInComments) == [])
        let file = SourceFile(path: "proto/a.proto", text: "\n// --- standard fields ---\n// The id.\n")
        #expect(Self.marksInComments(in: file).count == 1)
    }

    @Test func theWireFormatIsProto2() {
        for file in SourceTree.proto { #expect(file.text.contains("syntax = \"proto2\";"), "\(file.path)") }
    }

    @Test func aTenantFieldIsFound() {
        let text = "message GetThingRequest {\n  optional string tenant_id = 1;\n}"
        let file = SourceFile(path: "proto/steward/sales/v1/thing_service.proto", text: text)
        #expect(Self.isPublic(file))
        #expect(Self.tenantFields(in: file).count == 1)
        #expect(Self.undescribed(in: file).count == 2)
        #expect(!Self.isPublic(SourceFile(path: "proto/steward/platform/v1/policy_service.proto", text: "")))
    }
}
