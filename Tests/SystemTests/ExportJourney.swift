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
                #expect(try parts(tool).isEmpty)
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
                try #require(mkfifo(path, 0o600) == 0)
                command = try tool.start("account", "export", "--columns", "id,description", "-o", path)
                pipe = try #require(FileHandle(forReadingAtPath: path))
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

        /// What exports left in the folder of a tool: parts, and where they go on.
        private func parts(_ tool: CommandLineTool) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: tool.folder).filter { $0.contains(".part") }.sorted()
        }

        /// However an export ends, what goes on with it is the same as one that never ended: on a full disk, by Ctrl-C, by kill -9.
        @Test(arguments: ["csv", "sheet", "json"]) func anInterruptedExportIsGoneOnWith(_ format: String) async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            try await fill(workspace, 8_000)
            let tool = try await workspace.commandLine()
            let (whole, path) = ("\(tool.folder)/whole", "\(tool.folder)/it's 客户.\(format)")
            let asked = ["account", "export", "--output", format, "--order-by", "display_name desc"]
            let usual = try await tool.run(arguments: asked + ["-o", whole])
            try #require(usual.code == 0, "\(usual.errors)")

            let full = try await tool.run(fileBlocksMax: 3_000, asked + ["-o", path])
            #expect(full.code == 1 && full.errors.contains("go on:  steward account export --resume-from '"))
            let part = try #require(try parts(tool).first)
            #expect(try parts(tool) == [part, part + ".place"] && full.errors.contains("not complete"))
            #expect(!FileManager.default.fileExists(atPath: path))
            func goOn(_ more: String...) async throws -> CommandLineTool.Result {
                try await tool.run(arguments: ["account", "export", "--resume-from", "\(tool.folder)/\(part)"] + more)
            }
            let changed = try await goOn("--filter", "city = \"Berlin\"")
            #expect(changed.code == 64 && changed.errors.contains("--resume-from"), "\(changed.errors)")
            for signal in [SIGINT, SIGKILL] { try await interrupt(tool, part, by: signal) }
            let other = try await tool.run("contact", "export", "--resume-from", "\(tool.folder)/\(part)")
            let quoted = "'\("\(tool.folder)/\(part)".replacing("'", with: "'\\''"))'"
            let pasted = "next:  steward account export --resume-from \(quoted)\n"
            #expect(other.code == 1 && other.errors.contains(pasted), "\(other.errors)")
            let end = try await goOn()
            #expect(end.code == 0 && end.errors.contains("8000 accounts in"), "\(end.errors)")
            #expect(FileManager.default.contentsEqual(atPath: whole, andPath: path))
            #expect(try parts(tool).isEmpty)
            let again = try await goOn()
            #expect(again.code == 1 && again.errors.contains("begin the export again"), "\(again.errors)")
            await workspace.close()
        }

        /// Ends one that goes on with a part, as soon as it has added something.
        private func interrupt(_ tool: CommandLineTool, _ part: String, by signal: Int32) async throws {
            let place = "\(tool.folder)/\(part).place"
            let before = try Data(contentsOf: URL(fileURLWithPath: place))
            let going = try tool.start("account", "export", "--resume-from", "\(tool.folder)/\(part)")
            try await eventually("it goes on") { try Data(contentsOf: URL(fileURLWithPath: place)) != before }
            guard signal != SIGKILL else { return try await going.kill() }
            going.send(signal)
            let result = try await going.result()
            #expect(result.code == 128 + signal && result.errors.contains("--resume-from"), "\(result)")
        }

        /// Nobody's part is another's, and a workbook leaves nothing behind.
        @Test func exportsToOneFileAtATimeAreEachWhole() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            try await fill(workspace, 4_000)
            let tool = try await workspace.commandLine()
            let path = "\(tool.folder)/same.csv"
            let running = try (0..<3).map { _ in try tool.start("account", "export", "-o", path) }
            for one in running {
                let result = try await one.result()
                #expect(result.code == 0, "\(result.errors)")
            }
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 4_001 && Set(lines).count == 4_001)
            let book = try tool.start("account", "export", "--output", "xlsx", "-o", "\(tool.folder)/book.xlsx")
            try await eventually("it is under way") { try !parts(tool).isEmpty }
            book.send(SIGINT)
            let result = try await book.result()
            #expect(result.code == 130 && result.errors.contains("csv, sheet or json can go on"), "\(result)")
            #expect(try parts(tool).isEmpty && !FileManager.default.fileExists(atPath: "\(tool.folder)/book.xlsx"))
            await workspace.close()
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
