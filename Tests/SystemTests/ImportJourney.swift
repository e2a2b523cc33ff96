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
    /// However an import ends, what it says, its report and the workspace agree, and doing it again makes nothing twice.
    @Suite(.serialized) struct ImportJourney {
        private static let rowCount = 6_000

        private func file(_ tool: CommandLineTool, rows: Int = rowCount) throws -> String {
            try tool.file(
                "accounts.csv", "display_name,city\n" + (1...rows).map { "Customer \($0),Berlin\n" }.joined())
        }

        private func stored(_ workspace: TestWorkspace) async throws -> Int {
            var token: String?
            var count = 0
            repeat {
                let page = try await workspace.admin.accounts.listAccounts(
                    ListAccountsRequest(pageSize: 1000, pageToken: token, readMask: ["id"]))
                count += page.records.count
                token = page.nextPageToken
            } while token != nil
            return count
        }

        /// The numbers of a summary such as 2 created, 0 existed, 1 refused.
        private func counts(_ result: CommandLineTool.Result) -> [String: Int] {
            let line = result.lines.last ?? ""
            return Dictionary(
                line.split(separator: ",").compactMap { part in
                    let words = part.split(separator: " ", maxSplits: 1)
                    return Int(words.first ?? "").map { (String(words.last ?? ""), $0) }
                }, uniquingKeysWith: { first, _ in first })
        }

        /// - Parameter isKilled: the kernel ends a write of a killed process between two pages, so that the last line may be cut.
        private func report(_ path: String, _ result: String, isKilled: Bool = false) throws -> Int {
            var text = try String(contentsOfFile: path, encoding: .utf8)
            if isKilled, let end = text.lastIndex(of: "\n") { text = String(text[...end]) }
            #expect(text.hasSuffix("\n"))
            return text.split(separator: "\n").count { $0.split(separator: ",").dropFirst().first == result[...] }
        }

        /// Waits until more rows are in. The database is asked: the import uses up the budget that calls would be answered from.
        private func awaitRows(
            _ steward: TestSteward, _ workspace: TestWorkspace, moreThan before: Int = 0
        ) async throws {
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)?.name)
            try await eventually("rows come in") {
                let rows = try await steward.database.rows("SELECT count(*)::text FROM \(schema).accounts")
                return rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? 0 > before
            }
        }

        private func expectAllOnce(_ tool: CommandLineTool, _ file: String, _ workspace: TestWorkspace) async throws {
            let again = try await tool.run("import", "accounts", file)
            #expect(again.code == 0, "\(again.errors)")
            let counts = counts(again)
            #expect((counts["created"] ?? 0) + (counts["existed"] ?? 0) == Self.rowCount, "\(again.output)")
            #expect(try await stored(workspace) == Self.rowCount)
        }

        @Test func aByteThatIsNoUTF8() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let path = try file(tool, rows: 12_000)
            let handle = try FileHandle(forWritingTo: URL(filePath: path))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(Array("M".utf8) + [0xfc] + Array("ller,Berlin\n".utf8)))
            try handle.close()
            let result = try await tool.run("import", "accounts", path, "--report", "\(tool.folder)/report.csv")
            #expect(result.code == 1)
            #expect(result.errors.contains("line 12002") && result.errors.contains("FC"), "\(result.errors)")
            #expect(result.errors.contains("nothing was imported"))
            #expect(try await stored(workspace) == 0)
            await workspace.close()
        }

        /// A terminal that is closed sends SIGHUP, perhaps twice.
        @Test(arguments: [[SIGINT], [SIGTERM], [SIGINT, SIGINT], [SIGHUP], [SIGHUP, SIGHUP]])
        func signals(_ signals: [Int32]) async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let (path, reportPath) = (try file(tool), "\(tool.folder)/report.csv")
            let running = try tool.start("import", "accounts", path, "--report", reportPath)
            try await awaitRows(steward, workspace)
            for (index, signal) in signals.enumerated() {
                running.send(signal)
                if index == 0, signals == [SIGINT, SIGINT] {
                    // Or the rows that were on their way came in before anybody could tell.
                    try await eventually("the first one is noticed") {
                        let errors = try running.errorsSoFar()
                        return errors.contains("ending after") || errors.contains("next:")
                    }
                    // At its end it listens no more: another signal would kill it.
                    if try running.errorsSoFar().contains("next:") { break }
                }
            }
            let result = try await running.result()
            #expect(result.code == 128 + signals[0])
            #expect(result.errors.contains("next:  run the same command again"), "\(result.errors)")
            let counts = counts(result)
            let created = try #require(counts["created"])
            let unknown = counts["not known"] ?? 0
            #expect(created + unknown + (counts["not tried"] ?? 0) == Self.rowCount, "\(result.output)")
            #expect(created < Self.rowCount)
            #expect(unknown == 0 || signals == [SIGINT, SIGINT])
            let stored = try await stored(workspace)
            #expect(created <= stored && stored <= created + unknown)
            #expect(try report(reportPath, "created") == created)
            #expect(try report(reportPath, "not known") == unknown)
            #expect(try report(reportPath, "not tried") == 1)
            try await expectAllOnce(tool, path, workspace)
            await workspace.close()
        }

        @Test func killedWithoutAWord() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let (path, reportPath) = (try file(tool), "\(tool.folder)/report.csv")
            let running = try tool.start("import", "accounts", path, "--report", reportPath)
            try await awaitRows(steward, workspace)
            // They are in the database before the client hears of them and writes them down.
            try await eventually("the report tells of rows") {
                try String(contentsOfFile: reportPath, encoding: .utf8).contains(",created,")
            }
            try await running.kill()
            #expect(try report(reportPath, "created", isKilled: true) > 0)
            try await expectAllOnce(tool, path, workspace)
            await workspace.close()
        }

        /// A program that is away for a while is waited for; one that stays away is not, and nobody is told what is not so.
        @Test func programsThatAreAway() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try CommandLineTool(steward)
            let (user, own) = try await workspace.connect(as: "importer@\(workspace.name).example", roles: ["Admin"])
            await own.close()
            let importer = try #require(user.id)
            try await tool.signIn(workspace, user.email)
            let gateway = try #require(steward.programs.first { $0.name == .gateway })
            #expect(try await tool.run("account", "get", RecordID.make().text).code == 1)
            // A command that fails takes its leave as well.
            #expect(try !gateway.log().contains("closing alert"), "\(gateway.logTail())")

            let path = try file(tool)
            let running = try tool.start("import", "accounts", path)
            for program in steward.programs where [.customer, .gateway].contains(program.name) {
                let before = try await stored(workspace)
                try await awaitRows(steward, workspace, moreThan: before)
                // The new connection finds that the session has run out in the meantime.
                try await steward.database.run(
                    """
                    UPDATE directory.sessions SET expires_at = now() - interval '1 second'
                    WHERE tenant_id = '\(workspace.tenantID)' AND user_id = '\(importer)'
                    """)
                try await program.kill()
                try await program.start()
            }
            let result = try await running.result()
            #expect(result.code == 0, "\(result.errors)")
            #expect(counts(result)["created"] == Self.rowCount)
            #expect(try await stored(workspace) == Self.rowCount)

            let other = try tool.file("other.csv", "display_name\n" + (1...600).map { "Other \($0)\n" }.joined())
            let customer = try #require(steward.programs.first { $0.name == .customer })
            try await customer.kill()
            let gone = try await tool.run("import", "accounts", other, "--patience", "1")
            #expect(gone.code == 75, "\(gone.errors)")
            #expect(gone.errors.contains("Waiting for up to 1 s") && gone.errors.contains("run the same command again"))
            let counts = counts(gone)
            #expect(counts["created"] == 0)
            #expect((counts["not known"] ?? 0) + (counts["not tried"] ?? 0) == 600, "\(gone.output)")
            try await customer.start()
            #expect(try await tool.run("import", "accounts", other).lines.last == "600 created, 0 existed, 0 refused")
            await workspace.close()
            try await steward.stop()
        }

        @Test func rowsThatCannotBe() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let path = try tool.file(
                "accounts.csv",
                "\u{feff}Display Name;CITY;annual revenue;E-Mail;parent_account\r\n".replacing("E-Mail", with: "email")
                    + "Acme;Berlin;1234,56 EUR;;\r\n" + "Beta;Rome;1,250 EUR;;\r\n" + "Gamma;Ro\u{0}me;;;\r\n"
                    + "Delta;Rome;;nonsense;\r\n" + "Eps;Rome\r\n" + ";;;;\r\n" + "Zeta;Rome;;;Nobody\r\n"
                    + "Acme;Berlin;1234,56 EUR;;\r\n")
            let reportPath = "\(tool.folder)/report.csv"
            let result = try await tool.run("import", "accounts", path, "--report", reportPath)
            #expect(result.code == 1)
            #expect(result.errors.contains("separated by semicolons"))
            #expect(result.lines.last == "2 created, 0 existed, 5 refused", "\(result.output)\(result.errors)")
            let told = result.errors.split(separator: "\n").filter { $0.hasPrefix("line ") }
            let expected = [
                "line 3, column annual revenue: 1,250 EUR may mean", "line 4, column CITY: the cell holds a NUL",
                "line 5, column email: ", "line 6: the row has 2 fields", "line 8, column parent_account: no account",
            ]
            #expect(told.count == expected.count)
            for (line, start) in zip(told, expected) { #expect(line.hasPrefix(start), "\(line)") }
            let accounts = try await workspace.admin.accounts.listAccounts(ListAccountsRequest()).records
            // Rows that are the same are a record each.
            let revenue = Money(currencyCode: "EUR", minorUnits: 123_456)
            #expect(accounts.map(\.annualRevenue) == [revenue, revenue])
            #expect(try report(reportPath, "refused") == 5)
            await workspace.close()
        }

        /// Wherever the batches of the import begin and end.
        @Test func rowsMayNameRowsAboveThem() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            var text =
                "display_name,external_id,parent_account\nRoot,r,\n"
                + (1...300).map { "Child \($0),c\($0),Root\n" }.joined()
            text += "Branch,b,Child 300\n" + "Leaf,l,Branch\n" + "Early,e,Later\n" + "Later,x,\n"
            let path = try tool.file("accounts.csv", text)
            let result = try await tool.run("import", "accounts", path)
            #expect(result.lines.last == "304 created, 0 existed, 1 refused", "\(result.output)\(result.errors)")
            #expect(result.errors.contains("line 305") && result.errors.contains("stands above"), "\(result.errors)")
            let byID = try tool.file(
                "more.csv", "display_name,external_id,parent_account.external_id\nA,m1,l\nB,m2,m1\nC,m3,m2\n")
            let more = try await tool.run("import", "accounts", byID)
            #expect(more.lines.last == "3 created, 0 existed, 0 refused", "\(more.output)\(more.errors)")
            // What came too early the first time is there the second time.
            let again = try await tool.run("import", "accounts", path)
            #expect(again.lines.last == "1 created, 304 existed, 0 refused", "\(again.output)\(again.errors)")
            await workspace.close()
        }

        /// Texts that a spreadsheet program would run go there and come back; numbers stay numbers.
        @Test func sheetsComeBackAsTheyWere() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let texts = [
                "=cmd|' /C calc'!A0", "+4930123", "-1", "@x", "'=x", "plain", "x;=1+1", "x;'@y",
            ]
            for (index, text) in texts.enumerated() {
                let made = try await tool.run(
                    "account", "create", "display_name=A\(index)", "description=\(text)", "annual_revenue=5.00 EUR")
                #expect(made.code == 0, "\(made.errors)")
            }
            let columns = ["--columns", "display_name,description,annual_revenue", "--order-by", "display_name"]
            let csv = try await tool.run(arguments: ["account", "list", "--output", "csv"] + columns)
            #expect(csv.lines[1].contains("A0,=cmd"), "\(csv.output)")
            let sheet = try await tool.run(arguments: ["account", "list", "--output", "sheet"] + columns)
            #expect(sheet.lines.dropFirst().allSatisfy { $0.hasSuffix(",5.00 EUR") }, "\(sheet.output)")
            #expect(sheet.lines.dropFirst().allSatisfy { !["=", "+", "-", "@"].contains($0.dropFirst(3).first) })
            let path = try tool.file("sheet.csv", sheet.output)
            let back = try await tool.run("import", "accounts", path, "--sheet")
            #expect(back.lines.last == "8 created, 0 existed, 0 refused", "\(back.output)\(back.errors)")
            let stored = try await workspace.admin.accounts.listAccounts(ListAccountsRequest()).records
            #expect(stored.compactMap(\.description).sorted() == (texts + texts).sorted())
            await workspace.close()
        }

        @Test func aRowWhoseRecordWasDeletedIsNotPassedOver() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let path = try tool.file("accounts.csv", "display_name\nAcme\n")
            #expect(try await tool.run("import", "accounts", path).code == 0)
            let id = try #require(
                try await workspace.admin.accounts.listAccounts(ListAccountsRequest()).records.first?.id)
            _ = try await workspace.admin.accounts.deleteAccount(DeleteAccountRequest(id: id))
            let again = try await tool.run("import", "accounts", path)
            #expect(again.code == 1)
            #expect(again.errors.contains("steward account restore \(id)"), "\(again.errors)")
            #expect(
                try await tool.run("import", "accounts", path, "--as-new").lines.last
                    == "1 created, 0 existed, 0 refused")
            await workspace.close()
        }

        @Test func aReportThatCannotBeWritten() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let path = try tool.file("accounts.csv", "display_name\nAcme\n")
            let full = try await tool.run("import", "accounts", path, "--report", "/dev/full")
            #expect(full.code == 1)
            #expect(full.errors.contains("No space left") && full.errors.contains("next:"))
            #expect(try await tool.run("import", "accounts", path, "--report", path).code == 1)
            #expect(try await stored(workspace) == 0)
            await workspace.close()
        }
    }
}
