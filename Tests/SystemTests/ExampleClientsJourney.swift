import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// The example programs in Python and C do with a real installation what their first lines say.
    @Suite struct ExampleClientsJourney {
        private static let project = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        private static let clients = "\(project)/Tests/ThinClientTests"

        @Test func python() async throws {
            let steward = try await TestSteward.shared()
            let made = "\(steward.folder)/example-python"
            try FileManager.default.createDirectory(atPath: made, withIntermediateDirectories: true)
            let folders = ["rpc", "catalogue", "type", "identity", "customer"].map {
                "\(Self.project)/proto/steward/\($0)/v1"
            }
            let protos = try folders.flatMap { folder in
                try FileManager.default.contentsOfDirectory(atPath: folder).map { "\(folder)/\($0)" }
            }
            try await expectSuccess(["/usr/bin/protoc", "-I\(Self.project)/proto", "--python_out=\(made)"] + protos)
            try await expectExample(
                ["/usr/bin/python3", "\(Self.clients)/python/example.py"],
                environment: ["PYTHONPATH=\(made):\(Self.clients)/python", "PYTHONDONTWRITEBYTECODE=1"])
        }

        @Test func c() async throws {
            let steward = try await TestSteward.shared()
            let program = "\(steward.folder)/example-c"
            try await expectSuccess([
                "\(Self.clients)/c/build", program, "\(Self.project)/proto", "\(Self.clients)/c/example.c",
                "\(Self.clients)/c/steward_fields.c",
                "steward/rpc/v1/session_service.proto", "steward/rpc/v1/health_service.proto",
                "steward/identity/v1/authentication_service.proto", "steward/customer/v1/account_service.proto",
                "steward/type/v1/filter.proto", "steward/type/v1/record.proto", "steward/type/v1/share.proto",
                "steward/identity/v1/digest.proto", "steward/identity/v1/grant.proto",
                "google/protobuf/timestamp.proto",
            ])
            try await expectExample([program], environment: [])
        }

        /// A value that is made of the one before is not freed first: the compiler's checks of memory say so.
        @Test func fieldsInCAreSetFromThemselves() async throws {
            let program = "\(try await TestSteward.shared().folder)/fields-c"
            try await expectSuccess(
                [
                    "\(Self.clients)/c/build", program, "\(Self.project)/proto", "\(Self.clients)/c/fields_check.c",
                    "\(Self.clients)/c/steward_fields.c",
                    "steward/type/v1/record.proto", "steward/type/v1/share.proto", "steward/identity/v1/grant.proto",
                    "google/protobuf/timestamp.proto",
                ], environment: ["STEWARD_CFLAGS=-fsanitize=address"])
            #expect(try await expectSuccess([program]) == "Grüße, Wien, Hamburg, Hafen, 3\n")
        }

        /// Three accounts, so that the list has two pages.
        private func expectExample(_ command: [String], environment: [String]) async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            for name in ["Ähre", "Birne", "Clou"] {
                _ = try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: name)))
            }
            _ = try await workspace.admin.fieldDefinitions.createFieldDefinition(
                CreateFieldDefinitionRequest(
                    record: FieldDefinition(object: "account", name: "visits", kind: .wholeNumber, displayName: "拜访")))
            let clou = try await workspace.admin.accounts.listAccounts(
                ListAccountsRequest(filterExpression: "display_name = Clou")
            ).records[0]
            _ = try await workspace.admin.accounts.updateAccount(
                UpdateAccountRequest(
                    record: Account(id: clou.id, customFields: [CustomField(name: "visits", intValue: 41)])))
            let password = "\(steward.folder)/\(UUID().uuidString)"
            try "\(TestSteward.password)\n".write(toFile: password, atomically: true, encoding: .utf8)
            let said = try await expectSuccess(
                command + [
                    "localhost", "\(steward.gateway.port)", steward.trustRoots, workspace.name, workspace.adminEmail,
                    "visits",
                ],
                inputPath: password, environment: environment)
            // Newest first. Just after its start the gateway may not have heard of the services yet.
            let lines = said.split(separator: "\n").filter { $0 != "health HEALTH_STATE_NOT_SERVING" }
            #expect(
                lines == [
                    "signed in to \(workspace.name)", "account Clou visits 42", "account Birne visits 1",
                    "account Ähre visits 1",
                    "health HEALTH_STATE_SERVING",
                ])
            await workspace.close()
        }

        /// What the program wrote to its standard output.
        @discardableResult
        private func expectSuccess(
            _ command: [String], inputPath: String = "/dev/null", environment: [String] = []
        ) async throws -> String {
            let log = "\(try await TestSteward.shared().folder)/\(UUID().uuidString).log"
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            let child = try ChildProcess(
                command, logPath: log, inputPath: inputPath, environment: ["PATH=\(path)"] + environment)
            let ending = try await child.awaitEnding(within: .seconds(60))
            let said = try String(contentsOfFile: log, encoding: .utf8)
            #expect(ending == .exited(0), "\(command[0]): \(said)")
            return said
        }
    }
}
