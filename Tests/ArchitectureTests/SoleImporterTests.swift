import Foundation
import Testing

/// Things that only one or two modules may touch.
struct SoleImporterTests {
    /// Module of the toolchain or of floor 0 → who may import it.
    static let importers: [String: Set<String>] = [
        "CPostgres": ["Postgres"],
        "COpenSSL": ["TLSTransport", "Credentials"],
        "CArgon2": ["Credentials"],
        "CPhoneNumber": ["Text"],
        "CICU": ["Text"],
        "CXLSXWriter": ["steward"],
        "CLinux": ["Reactor", "TLSTransport", "ServiceHost"],
    ]
    /// Word in code → modules in which it may stand.
    static let words: [(pattern: String, modules: Set<String>)] = [
        ("epoll_wait", ["Reactor"]),
        ("epoll_create1", ["Reactor"]),
        ("epoll_ctl", ["Reactor"]),
        ("protobuf_c_message_unpack", ["Wire", "protoc-gen-steward"]),
        ("PQconnectdb", []),
        ("PQexec", []),
        ("SSL_read", ["TLSTransport"]),
        ("SSL_write", ["TLSTransport"]),
    ]
    /// Services see no socket, and the gateway reaches no SQL.
    static func forbidden(to module: String) -> Set<String> {
        switch module {
        case "GatewayService", "steward-gateway": ["CPostgres", "Postgres", "TenantDatabase", "Migrations", "Records"]
        case _ where module.hasSuffix("Service"): ["CLinux", "TLSTransport", "RPCTransport", "CPostgres"]
        default: []
        }
    }
    /// A change of a service's proto files rebuilds that service and who joins all: nobody else knows its contracts.
    static func mayImport(_ contracts: String, by file: SourceFile) -> Bool {
        let module = file.module
        if contracts == "Catalogue" { return module.hasPrefix("steward") }
        guard let service = SourceTree.programs.first(where: { "\($0.capitalized)Contracts" == contracts }) else {
            return true
        }
        // The provisioner reads the state of a tenant in the directory.
        if service == "identity" && module == "ProvisionerService" { return true }
        // What is kept of another service's records is declared by its message.
        if module.hasSuffix("Service"),
            file.path == "Sources/\(module)/Mirrors/\(file.path.split(separator: "/").last ?? "")"
        {
            return true
        }
        return ["\(service.capitalized)Service", "steward-\(service)", "Catalogue", "StewardClient", "steward"]
            .contains(module)
    }
    /// Who may hold a connection or pool of PostgreSQL. Everybody else goes through TenantDatabase, which wants a caller.
    static let connectionHolders: Set<String> = [
        "Postgres", "TenantDatabase", "Migrations", "ServiceHost", "steward",
    ]

    static func violations(in files: [SourceFile]) -> [String] {
        files.flatMap { file -> [String] in
            var problems: [String] = []
            for found in ImportTests.imports(in: file) {
                if let allowed = importers[found.module], !allowed.contains(file.module) {
                    problems.append(
                        "\(file.path): imports \(found.module); only \(allowed.sorted().joined(separator: ", ")) may"
                    )
                }
                if forbidden(to: file.module).contains(found.module) || !mayImport(found.module, by: file) {
                    problems.append("\(file.path): \(file.module) must not import \(found.module)")
                }
            }
            let code = file.code
            for (pattern, modules) in words where code.contains(pattern) && !modules.contains(file.module) {
                problems.append("\(file.path): uses \(pattern)")
            }
            if !connectionHolders.contains(file.module),
                code.contains("PostgresPool") || code.contains("PostgresConnection")
            {
                problems.append(
                    "\(file.path): holds a connection; go through TenantDatabase or DirectoryDatabase")
            }
            return problems
        }
    }

    @Test func doorsHaveTheirImportersOnly() {
        #expect(Self.violations(in: SourceTree.handWritten) == [])
    }

    @Test(arguments: [
        ("Records", "import CPostgres"), ("RPC", "import COpenSSL"),
        ("GatewayService", "package import Postgres"),
        ("SalesService", "import TLSTransport"), ("SalesService", "import CustomerContracts"),
        ("ServiceHost", "package import IdentityContracts"), ("IdentityService", "import Catalogue"),
        ("RPC", "let n = epoll_wait(fd)"),
        ("Records", "let pool: PostgresPool"), ("Contracts", "protobuf_c_message_unpack(d, nil, n, p)"),
    ])
    func aSideDoorIsFound(module: String, text: String) {
        #expect(Self.violations(in: [SourceFile(path: "Sources/\(module)/A.swift", text: text)]).count == 1)
    }
}
