import Contracts
import CustomerContracts
import Foundation
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Many records at once, records by their key, and changes that are taken back, on the command line.
    @Suite(.serialized) struct ManyRecordsJourney {
        private func make(_ names: [String], _ workspace: TestWorkspace) async throws -> [String] {
            let accounts = names.map { Account(displayName: $0, externalID: "X-\($0)") }
            let made = try await workspace.admin.accounts.batchCreateAccounts(.init(records: accounts))
            return made.records.compactMap(\.id)
        }

        @Test func manyAreChangedDeletedAndRestored() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let ids = try await make(["a", "b", "c"], workspace)
            let changed = try await tool.run(arguments: ["account", "update", ids[0], "b", ids[2], "city=Rome"])
            #expect(changed.code == 0 && changed.errors.contains("3 changed, 0 refused"), "\(changed.errors)")
            let stored = try await workspace.admin.accounts.batchGetAccounts(.init(ids: ids)).records
            #expect(stored.map(\.city) == ["Rome", "Rome", "Rome"])

            let file = try tool.file(
                "changes.csv",
                "id,city,external_id,version\n\(ids[0]),Oslo,,7\n\(ids[1]),,X-c,\n,Bonn,,\n\(ids[2]),\"Paris\",Y,\n")
            let fromFile = try await tool.run("account", "update", "--from", file)
            #expect(fromFile.code == 1 && fromFile.errors.contains("2 changed, 2 refused"), "\(fromFile.errors)")
            #expect(fromFile.errors.contains("line 3: Another account has this external_id"), "\(fromFile.errors)")
            #expect(fromFile.errors.contains("line 4: the row has no id"))
            let after = try await workspace.admin.accounts.batchGetAccounts(.init(ids: ids)).records
            #expect(after.map(\.city) == ["Oslo", "Rome", "Paris"] && after.map(\.externalID) == ["X-a", "X-b", "Y"])

            let list = try await tool.run("account", "list", "--output", "csv", "--columns", "id,display_name")
            let all = try tool.file("all.csv", list.output)
            let deleted = try await tool.run("account", "delete", "--from", all)
            #expect(deleted.code == 0 && deleted.errors.contains("3 deleted, 0 refused"), "\(deleted.errors)")
            let again = try await tool.run(arguments: ["account", "delete"] + ids)
            #expect(again.code == 1 && again.errors.contains("0 deleted, 3 refused"))
            #expect(again.errors.contains("\(ids[0]): There is no account"))
            let restored = try await tool.run(arguments: ["account", "restore"] + ids)
            #expect(restored.code == 0 && restored.errors.contains("3 restored, 0 refused"), "\(restored.errors)")
            #expect(restored.output.contains("Oslo"))
            await workspace.close()
        }

        @Test func whatCannotBeMeantIsRefusedBeforeAnythingIsDone() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let ids = try await make(["a", "b"], workspace)
            let nameless = try tool.file("names.csv", "display_name\na\n")
            for (words, part) in [
                (["update", ids[0]], "field=value"),
                (["update", ids[0], ids[1], "city=x", "--version", "1"], "--version"),
                (["update", ids[0], "city=x", "--from", nameless], "--from"), (["delete"], "--from"),
                (["delete", ids[0], "--from", nameless], "--from"), (["delete", "--from", nameless], "no column id"),
                (["update", "--from", nameless], "no column id"), (["upsert", "city=x"], "external_id"),
            ] {
                let result = try await tool.run(arguments: ["account"] + words)
                #expect(result.code != 0 && result.errors.contains(part), "\(words): \(result.errors)")
            }
            let unchanged = try await workspace.admin.accounts.batchGetAccounts(.init(ids: ids)).records
            #expect(unchanged.map(\.version) == [1, 1])
            let unkeyed = try await tool.run("department", "upsert", "display_name=x")
            #expect(unkeyed.code != 0)
            await workspace.close()
        }

        @Test func aRecordIsFoundByItsKeyAndAChangeTakenBack() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let words = ["account", "upsert", "external_id=E", "display_name=Acme"]
            let first = try await tool.run(arguments: words + ["city=Rome"])
            #expect(first.code == 0 && first.errors.contains("created"), "\(first.errors)")
            let second = try await tool.run(arguments: words + ["city=Oslo", "--output", "json"])
            #expect(second.code == 0 && second.errors.contains("was there"), "\(second.errors)")
            let accounts = try await workspace.admin.accounts.listAccounts(.init()).records
            #expect(accounts.map(\.city) == ["Oslo"] && accounts.map(\.version) == [2])
            let id = try #require(accounts.first?.id)
            let history = try await tool.run("account", "history", id)
            #expect(history.output.contains("Oslo"))
            let undone = try await tool.run("account", "undo", "Acme", "--version", "2")
            #expect(undone.code == 0 && undone.output.contains("Rome"), "\(undone.errors)")
            let told = try await tool.run("account", "history", id, "--output", "csv")
            #expect(told.output.contains(",undo,"))
            _ = try await tool.run("account", "delete", id)
            let back = try await tool.run("account", "undo", id, "--version", "4")
            #expect(back.code == 0, "\(back.errors)")
            let unknown = try await tool.run("account", "undo", id, "--version", "40")
            #expect(unknown.code == 1 && unknown.errors.contains("VERSION_UNKNOWN"))
            await workspace.close()
        }
    }
}
