import TestSteward
import Testing

extension SystemTests {
    /// An admin keeps a choice list on the command line; people choose by label or value, see labels, and an entry is merged into another one.
    @Suite(.serialized) struct ChoiceListJourney {
        @Test func aListIsKeptChosenFromAndMerged() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let boss = try CommandLineTool(steward)
            try await boss.signIn(workspace)
            func run(_ words: String...) async throws -> String {
                let done = try await boss.run(arguments: words)
                #expect(done.code == 0, "\(words): \(done)")
                return done.output
            }
            _ = try await run("choice-list", "create", "name=industry", "display_name=行业")
            _ = try await run("choice-list", "add", "industry", "steel", "--label", "钢铁", "--colour", "#1e90ff")
            _ = try await run("choice-list", "add", "industry", "iron", "--label", "Iron works", "--before", "钢铁")
            _ = try await run("choice-list", "bind", "industry", "account.industry")
            _ = try await run(
                "field-definition", "create", "object=lead", "name=branches", "kind=CHOICES", "display_name=Branches",
                "choice_list=industry")
            let entries = try await run("choice-list", "entries", "industry")
            #expect(entries.contains("钢铁") && entries.contains("account.industry"), "\(entries)")

            // By label and by value, from the command line and from a file; labels in tables, values in CSV.
            _ = try await run("account", "create", "display_name=宝钢", "industry=钢铁")
            _ = try await run("account", "create", "display_name=Old", "industry=iron")
            let file = try boss.file("accounts.csv", "display_name,industry\nBrought,iron WORKS\nSecond,steel\n")
            _ = try await run("import", "accounts", file)
            _ = try await run("lead", "create", "family_name=Li", "custom.branches=钢铁,iron")
            let bad = try await boss.run("account", "create", "display_name=x", "industry=Bank")
            #expect(bad.code != 0 && bad.errors.contains("steel"), "\(bad)")
            let csv = try await run("account", "list", "--output", "csv", "--columns", "display_name,industry")
            #expect(csv.contains("宝钢,steel") && csv.contains("Brought,iron") && csv.contains("Second,steel"), "\(csv)")
            let table = try await run("account", "list", "--columns", "display_name,industry")
            #expect(table.contains("钢铁") && table.contains("Iron works"), "\(table)")
            #expect(try await run("account", "get", "宝钢").contains("steel  钢铁"))

            // A new label writes no record.
            _ = try await run("choice-list", "rename", "industry", "steel", "钢铁业")
            #expect(try await run("account", "get", "宝钢").contains("steel  钢铁业"))
            _ = try await run("choice-list", "retire", "industry", "iron")
            let retired = try await boss.run("account", "create", "display_name=x", "industry=iron")
            #expect(retired.code != 0 && retired.errors.contains("CHOICE_RETIRED"), "\(retired)")
            let used = try await boss.run("choice-list", "delete", "行业")
            #expect(used.code != 0 && used.errors.contains("lead.custom.branches"), "\(used)")

            let preview = try await run("choice-list", "merge", "industry", "iron", "--into", "钢铁业", "--preview")
            #expect(preview.contains("custom.branches") && preview.contains("2"), "\(preview)")
            let merged = try await run("choice-list", "merge", "industry", "iron", "--into", "steel")
            #expect(merged.contains("customer: steward job watch"), "\(merged)")
            try await eventually("no record has the entry that went") {
                let left = try await boss.run("account", "list", "--filter", "industry = iron", "--output", "csv")
                    .output
                let lead = try await boss.run("lead", "list", "--output", "csv", "--columns", "custom.branches").output
                return !left.contains("Old") && !lead.contains("iron") && lead.contains("steel")
            }
            await workspace.close()
        }
    }
}
