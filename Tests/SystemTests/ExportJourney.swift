import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Taking all records along: who may, as what, what a restart does to it, and what is left for who may not.
    @Suite(.serialized) struct ExportJourney {
        private static let formula = "=1+1"

        private func fill(_ workspace: TestWorkspace, _ count: Int) async throws {
            let text = String(repeating: "x", count: 200)
            for first in stride(from: 0, to: count, by: 1_000) {
                let accounts = (first..<min(first + 1_000, count)).map {
                    Account(displayName: $0 == 0 ? Self.formula : "Customer \($0)", description: text)
                }
                let answer = try await workspace.admin.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(records: accounts), options: CallOptions(requestID: "fill-\(first)"))
                try #require(answer.records.count == accounts.count)
            }
        }

        /// What Python finds in a workbook: its rows, its formulas, and whether the text is there.
        private func workbook(_ path: String) throws -> String {
            let program = """
                import sys, zipfile
                sheet = zipfile.ZipFile(sys.argv[1]).read('xl/worksheets/sheet1.xml').decode()
                print(sheet.count('<row '), sheet.count('<f>'), sys.argv[2] in sheet)
                """
            let python = Process()
            python.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            python.arguments = ["-c", program, path, Self.formula]
            let output = Pipe()
            python.standardOutput = output
            try python.run()
            let said = output.fileHandleForReading.readDataToEndOfFile()
            python.waitUntilExit()
            return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }

        @Test func eachFormatHoldsAllRecords() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            try await fill(workspace, 1_200)
            let tool = try await workspace.commandLine()
            func export(_ format: String) async throws -> (path: String, errors: String) {
                let path = "\(tool.folder)/accounts.\(format)"
                let result = try await tool.run(
                    "account", "export", "--output", format, "--columns", "id,display_name,owner", "-o", path)
                try #require(result.code == 0, "\(result.errors)")
                #expect(!FileManager.default.fileExists(atPath: path + ".part"))
                return (path, result.errors)
            }
            func lines(_ path: String) throws -> [Substring] {
                try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            }
            let csv = try await export("csv")
            let plain = try lines(csv.path)
            let isPlain = plain.contains { $0.hasSuffix(",\(Self.formula),Ada Admin") }
            #expect(plain.count == 1_201 && isPlain)
            #expect(csv.errors.contains("1 texts may be formulas") && csv.errors.contains("1200 accounts in"))
            let sheet = try await export("sheet")
            let isEscaped = try lines(sheet.path).contains { $0.hasSuffix(",'\(Self.formula),Ada Admin") }
            #expect(isEscaped)
            let path = try await export("json").path
            let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
            #expect((json as? [[String: Any]])?.count == 1_200)
            let xlsx = try await export("xlsx")
            #expect(try workbook(xlsx.path) == "1201 0 True")
            let full = "\(tool.folder)/full.xlsx"
            let refused = try await tool.run(fileBlocksMax: 200, ["account", "export", "--output", "xlsx", "-o", full])
            #expect(refused.code == 1 && refused.errors.contains(tool.folder), "\(refused.errors)")
            #expect(refused.errors.contains("make room in") && !FileManager.default.fileExists(atPath: full))
            await workspace.close()
        }

        /// The file is a pipe that nobody reads for a while, so the export is under way when the service is killed.
        @Test func anExportGoesOnAfterARestartOfTheService() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            try await fill(workspace, 8_000)
            let tool = try await workspace.commandLine()
            let path = "\(tool.folder)/held.csv"
            let export = try PipedExport(tool, path)
            let customer = steward.program(.customer)
            try await customer.kill()
            try await customer.start()
            try await export.expectAll(8_000)
            await workspace.close()
            try await steward.stop()
        }

        /// An export into a pipe, of which only the beginning has been read.
        private struct PipedExport {
            let command: CommandLineTool.Running
            let pipe: FileHandle
            let first: Data

            init(_ tool: CommandLineTool, _ path: String) throws {
                try #require(mkfifo(path + ".part", 0o600) == 0)
                command = try tool.start("account", "export", "--columns", "id,description", "-o", path)
                pipe = try #require(FileHandle(forReadingAtPath: path + ".part"))
                first = try #require(try pipe.read(upToCount: 1_000))
            }

            /// Reads the rest: it ends well, and so many records came, each once.
            func expectAll(_ count: Int) async throws {
                var text = first
                while let more = try pipe.read(upToCount: 1 << 20), !more.isEmpty { text += more }
                let result = try await command.result()
                #expect(result.code == 0, "\(result.errors)")
                let ids = String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst().map { $0.prefix(36) }
                #expect(ids.count == count && Set(ids).count == count)
            }
        }

        /// Files that are pipes which nobody reads keep their places for a minute and no longer, and lose nothing by it.
        @Test func anExportThatStandsStillGivesItsPlaceBackAndGoesOn() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            try await fill(workspace, 8_000)
            let tool = try await workspace.commandLine()
            func another() async throws {
                let request = ExportAccountsRequest(filterExpression: "display_name = 'Customer 7'")
                for try await _ in try await workspace.admin.accounts.exportAccounts(request) {}
            }
            let running = try ["a.csv", "b.csv"].map { try PipedExport(tool, "\(tool.folder)/\($0)") }
            let refused = try await refusal { try await another() }
            #expect(refused.reason == "EXPORTS_TOO_MANY")
            try await eventually("a place is free", within: .seconds(90), holds: { (try? await another()) != nil })
            for export in running { try await export.expectAll(8_000) }
            await workspace.close()
        }

        @Test func whoMayNotExportReadsSoMuchADay() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            try await fill(workspace, 200)
            let reader = try await workspace.connect(as: "reader@\(workspace.name).example", roles: ["Reader"])
            let tool = try await workspace.commandLine()
            let set = try await tool.run("settings", "set", "read-rows-per-day-max=150", "time-zone=Asia/Shanghai")
            #expect(set.code == 0 && set.output.contains("Asia/Shanghai"), "\(set.errors)")
            let admin = try await tool.run("account", "list", "--limit", "all", "--output", "csv")
            #expect(admin.lines.count == 201)
            try await tool.signIn(workspace, reader.user.email)
            let refused = try await tool.run("account", "export")
            #expect(refused.code != 0 && refused.errors.contains("account.export"), "\(refused.errors)")
            let all = try await tool.run("account", "list", "--limit", "all", "--output", "csv")
            #expect(all.code != 0 && all.errors.contains("150"), "\(all.errors)")
            // Another session of the same user has the same budget.
            let error = try await refusal {
                try await reader.connection.accounts.listAccounts(ListAccountsRequest(pageSize: 1))
            }
            #expect(error.reason == "READ_BUDGET_EXHAUSTED")
            await reader.connection.close()
            await workspace.close()
        }
    }
}
