import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// What commands answer is in the format that was asked for, is nothing when they are refused, and is told in their own words.
    @Suite(.serialized) struct CommandLineAnswersJourney {
        private func object(_ result: CommandLineTool.Result) throws -> [String: Any] {
            try #require(result.code == 0, "\(result)")
            let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            return try #require(object, "\(result)")
        }

        @Test func whatStartsAJobAnswersInTheFormatAskedFor() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let accounts = (0..<3).map { Account(displayName: "a\($0)", city: "昆明") }
            _ = try await workspace.admin.accounts.batchCreateAccounts(.init(records: accounts))
            let tool = try await workspace.commandLine()
            let admin = try #require(try object(try await tool.run("whoami", "--output", "json"))["email"] as? String)
            for asked in [
                ["update-matching", "city=Rome"], ["reassign-matching", "--to", admin], ["delete-matching"],
            ] {
                let filter = ["account"] + asked + ["--filter", "city = \"Oslo\""]
                let json = try await tool.run(arguments: filter + ["--output", "json"])
                let job = try object(json)
                let id = try #require(job["id"] as? String)
                #expect(
                    (job["state"] as? String)?.isEmpty == false && json.errors.contains("job watch \(id)"), "\(json)")
                let csv = try await tool.run(arguments: filter + ["--output", "csv"])
                #expect(csv.code == 0 && csv.lines.count == 2 && csv.lines[0].hasPrefix("id,"), "\(csv)")
                let table = try await tool.run(arguments: filter)
                #expect(table.output.trimmingCharacters(in: .newlines).count == id.count, "\(table)")
            }
            let id = try await tool.run("account", "update-matching", "--filter", "city = \"Oslo\"", "id=7")
            #expect(id.code == 1 && id.errors.contains("--filter says which"), "\(id)")
            let pipeline = try await tool.run("pipeline", "delete-matching", "--filter", "id is set", "--preview")
            #expect(pipeline.errors.contains("1 selected") && !pipeline.errors.contains("nothing found"), "\(pipeline)")
            #expect(pipeline.errors.contains("pipeline Sales ("), "\(pipeline)")
            await workspace.close()
        }

        @Test func whatBecomesOfUsersAndRecordsIsInTheFormatAskedFor() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let email = "leaver@\(workspace.name).example"
            let (user, leaver) = try await workspace.connect(as: email, roles: ["Sales rep"])
            await leaver.close()
            _ = try await tool.run("department", "create", "display_name=客服")
            let moved = try object(
                try await tool.run("user", "transfer", email, "--to", "客服", "--with-records", "--output", "json"))
            #expect((moved["user"] as? [String: Any])?["id"] as? String == user.id && moved["job_id"] is String)
            let admin = try #require(try object(try await tool.run("whoami", "--output", "json"))["email"] as? String)
            let watched = try await tool.run(
                "user", "deactivate", email, "--to", admin, "--watch", "--output", "json")
            #expect(try object(watched)["state"] as? String == "JOB_STATE_DONE")
            #expect(watched.errors.contains("\(email) is deactivated"), "\(watched)")
            _ = try await tool.run("user", "activate", email)
            let alone = try object(try await tool.run("user", "deactivate", email, "--output", "json"))
            #expect(alone["user"] != nil && alone["job_id"] == nil)

            for name in ["a", "b", "c"] { _ = try await tool.run("account", "create", "display_name=\(name)") }
            let one = try object(try await tool.run("account", "delete", "a", "--output", "json"))
            #expect(one["display_name"] as? String == "a" && one["delete_time"] != nil)
            let several = try await tool.run(
                "account", "delete", "b", "c", "--output", "csv", "--columns", "display_name")
            #expect(several.lines == ["display_name", "b", "c"], "\(several)")
            let ids = try await tool.run("account", "list", "--deleted", "--output", "csv", "--columns", "id")
            _ = try await tool.run("account", "restore", "--from", try tool.file("ids", ids.output))
            let changes = try tool.file(
                "changes", ids.lines.map { $0 == "id" ? "id,city" : "\($0),Oslo" }.joined(separator: "\n"))
            let changed = try await tool.run(
                "account", "update", "--from", changes, "--output", "csv", "--columns", "city")
            #expect(changed.lines == ["city", "Oslo", "Oslo", "Oslo"], "\(changed)")
            await workspace.close()
        }

        /// Neither in a file nor in a pipe.
        @Test func anExportThatIsRefusedWritesNothing() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let before = try FileManager.default.contentsOfDirectory(atPath: tool.folder)
            func expectNothing(_ more: [String], _ reason: String) async throws {
                for format in ["csv", "sheet", "json"] {
                    let result = try await tool.run(arguments: ["account", "export", "--output", format] + more)
                    #expect(result.code == 1 && result.errors.contains(reason) && result.output.isEmpty, "\(result)")
                }
                for format in ["csv", "xlsx"] {
                    let file = "\(tool.folder)/refused.\(format)"
                    let result = try await tool.run(
                        arguments: ["account", "export", "--output", format, "-o", file] + more)
                    #expect(result.code == 1 && result.errors.contains(reason), "\(result)")
                }
                let left = try FileManager.default.contentsOfDirectory(atPath: tool.folder)
                #expect(left.filter { $0.contains("refused") }.isEmpty, "\(before) \(left)")
            }
            try await expectNothing(["--filter", "nonsense = 1"], "FILTER_FIELD_UNKNOWN")
            let empty = try await tool.run("account", "export", "--columns", "city")
            #expect(empty.code == 0 && empty.output == "city\n", "\(empty)")
            #expect(try await tool.run("account", "export", "--output", "json").output == "[]\n")
            let reader = try await workspace.connect(as: "reader@\(workspace.name).example", roles: ["Reader"])
            await reader.connection.close()
            try await tool.signIn(workspace, reader.user.email)
            try await expectNothing([], "PERMISSION_MISSING")
            await workspace.close()
        }

        @Test func refusalsSpeakOfOptionsAndCommands() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let email = "mover@\(workspace.name).example"
            let (_, mover) = try await workspace.connect(as: email, roles: ["Sales rep"])
            await mover.close()
            _ = try await tool.run("department", "create", "display_name=Support")
            func transfer(_ more: String...) async throws -> String {
                let result = try await tool.run(
                    arguments: ["user", "transfer", email, "--to", "Support"] + more)
                return result.code == 0 ? "" : result.errors
            }
            #expect(try await transfer("--on", "30.02.2027").contains("error: --on must be a day of the calendar"))
            #expect(try await transfer("--on", "1999-01-01").contains("error: --on: Give a day from"))
            #expect(try await transfer("--on", "2030-01-01").contains("error: --on: Give a day from"))
            #expect(try await transfer() == "")
            #expect(try await transfer().contains("have the records come, too (--with-records)"))
            let call = try await tool.run(
                "call", "UserService/TransferUser", "{\"id\": \"x\", \"effective_date\": \"y\"}")
            #expect(call.code == 1 && !call.errors.contains("--"), "\(call)")
            await workspace.close()
        }
    }
}
