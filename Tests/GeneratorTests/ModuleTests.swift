import Foundation
import Testing

@testable import protoc_gen_steward

/// Each service has a module of its own, in which its short names are its own.
@Suite struct ModuleTests {
    private static let methods = [
        "GetTask", "BatchGetTasks", "ListTasks", "CreateTask", "BatchCreateTasks", "UpdateTask",
        "BatchUpdateTasks", "DeleteTask", "BatchDeleteTasks", "RestoreTask", "BatchRestoreTasks", "ListTaskChanges",
        "UndoTaskChange", "UpdateMatchingTasks", "DeleteMatchingTasks", "ReassignMatchingTasks", "WatchTasks",
        "ExportTasks",
    ]

    /// A package with a message Task and its service; as a record or as any other message.
    private func task(of service: String, isRecord: Bool, imports: String = "", fields: String = "") -> String {
        let option = "object: \"task\" plural: \"tasks\" ownership: OWNERSHIP_OWNED category: CATEGORY_SALES"
        let standard = Self.methods.map { name in
            "  rpc \(name)(\(name)Request) returns (\(["WatchTasks", "ExportTasks"].contains(name) ? "stream " : "")\(name)Response);"
        }
        let messages = Self.methods.map { "message \($0)Request {}\nmessage \($0)Response {}" }
        return """
            syntax = "proto2";
            package steward.\(service).v1;
            \(isRecord ? "import \"steward/catalogue/v1/record.proto\";" : "")
            \(imports)
            // Keeps tasks.
            service TaskService {
            \((isRecord ? standard : ["  rpc CloseTask(Task) returns (Task);"]).joined(separator: "\n"))
            }
            message Task {
            \(isRecord ? "option (steward.catalogue.v1.record) = { \(option) };" : "")
            \(fields)
            }
            \(isRecord ? messages.joined(separator: "\n") : "")
            """
    }

    private func make(_ files: [String: String]) throws -> (errors: String, made: [String: String]) {
        let directory = try Protoc.temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in files {
            try text.write(to: directory.appending(path: name), atomically: true, encoding: .utf8)
        }
        let outcome = try Protoc.run(files.keys.sorted(), root: directory, output: directory)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        var made: [String: String] = [:]
        for path in paths where path.hasSuffix(".swift") {
            made[path] = try String(contentsOf: directory.appending(path: path), encoding: .utf8)
        }
        return (outcome.errors, made)
    }

    @Test func twoServicesMayUseAShortName() throws {
        let (errors, made) = try make([
            "customer.proto": task(of: "customer", isRecord: true), "sales.proto": task(of: "sales", isRecord: false),
        ])
        #expect(errors == "")
        let customer = try #require(made["CustomerContracts/customer.swift"])
        let sales = try #require(made["SalesContracts/sales.swift"])
        for text in [customer, sales] { #expect(text.contains("public struct Task: ")) }
        #expect(customer.contains("import CCustomerContracts\n") && sales.contains("import CSalesContracts\n"))
        let client = try #require(made["StewardClient/Records/StewardConnection+Records.swift"])
        #expect(client.contains("public var tasks: CustomerContracts.TaskServiceClient {"))
        let parts = try (
            #require(made["CustomerContracts/ContractCatalogue+Customer.swift"]),
            #require(made["SalesContracts/ContractCatalogue+Sales.swift"])
        )
        #expect(parts.0.contains("recordTypes: [Task.self]") && parts.1.contains("recordTypes: []"))
        let all = try #require(made["Catalogue/ContractCatalogue+All.swift"])
        #expect(all.contains("[.shared, .customer, .sales]"))
    }

    /// Rights, the command line and the client call a record by its object or plural alone.
    @Test func twoRecordsHaveTwoNames() throws {
        let (errors, made) = try make([
            "customer.proto": task(of: "customer", isRecord: true), "sales.proto": task(of: "sales", isRecord: true),
        ])
        #expect(errors.contains("is a record called as"), "\(errors)")
        #expect(made.isEmpty)
    }

    @Test func aModuleHasAShortNameOnce() throws {
        let (errors, _) = try make([
            "a.proto": "syntax = \"proto2\";\npackage steward.sales.v1;\nmessage Task {}",
            "b.proto": "syntax = \"proto2\";\npackage steward.sales.v1beta;\nmessage Task {}",
        ])
        #expect(errors.contains("has the short name of"), "\(errors)")
    }

    @Test func whatIsMeantOfTwoIsNamedWithItsModule() throws {
        let (errors, made) = try make([
            "shared.proto": "syntax = \"proto2\";\npackage steward.type.v1;\nmessage Task {}",
            "sales.proto": task(
                of: "sales", isRecord: false, imports: "import \"shared.proto\";",
                fields: "optional steward.type.v1.Task shared = 1; optional Task own = 2;"),
        ])
        #expect(errors == "")
        let sales = try #require(made["SalesContracts/sales.swift"])
        #expect(sales.contains("public var shared: Contracts.Task?"))
        #expect(sales.contains("public var own: Task?"))
    }

    @Test func whatASharedFileImportsIsShared() throws {
        let (errors, made) = try make([
            "grant.proto": "syntax = \"proto2\";\npackage steward.identity.v1;\nmessage Grant {}",
            "policy.proto": """
            syntax = "proto2";
            package steward.platform.v1;
            import "grant.proto";
            message Policy { optional steward.identity.v1.Grant grant = 1; }
            """,
        ])
        #expect(errors == "")
        #expect(made.keys.contains("Contracts/grant.swift") && made.keys.contains("Contracts/policy.swift"))
    }

    /// Services know each other by ids; what two of them need belongs to a shared package.
    @Test func noServiceUsesAnothersMessages() throws {
        let (errors, _) = try make([
            "customer.proto": task(of: "customer", isRecord: false),
            "sales.proto": """
            syntax = "proto2";
            package steward.sales.v1;
            import "customer.proto";
            message Deal { optional steward.customer.v1.Task task = 1; }
            """,
        ])
        #expect(errors.contains("is of another service"), "\(errors)")
    }
}
