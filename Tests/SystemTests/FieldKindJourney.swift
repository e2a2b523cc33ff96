import Contracts
import CustomerContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// An admin makes whole numbers of the texts in a field, on the command line, while programs are killed.
    @Suite(.serialized) struct FieldKindJourney {
        private static let count = 3_000

        @Test func textsBecomeNumbersWhateverIsKilled() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)).name
            func run(_ words: String...) async throws -> String {
                let done = try await tool.run(arguments: words)
                #expect(done.code == 0, "\(words): \(done)")
                return done.output
            }
            func number(_ text: String) async throws -> Int {
                Int(try await steward.database.rows("SELECT (\(text))::text")[0][0] ?? "") ?? -1
            }
            _ = try await run(
                "field-definition", "create", "object=account", "name=size", "kind=text", "display_name=规模 Size")
            for first in stride(from: 0, to: Self.count, by: 500) {
                _ = try await workspace.admin.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(
                        records: (first..<first + 500).map { index in
                            Account(
                                customFields: [CustomField(name: "size", stringValue: "\(index)")],
                                displayName: "Account \(index)")
                        }))
            }
            _ = try await run("account", "create", "display_name=宝钢", "custom.size=about 70")

            // What does not fit is told, and refuses the change.
            let preview = try await run(
                "field-definition", "change-kind", "account.custom.size", "whole_number", "--preview")
            #expect(preview.contains("about 70") && preview.contains("3001") && preview.contains("3000"), "\(preview)")
            let json = try await run(
                "field-definition", "change-kind", "account.custom.size", "WHOLE_NUMBER", "--preview", "--output",
                "json")
            #expect(json.contains("\"unfit_count\"") && json.contains("about 70"), "\(json)")
            let unfit = try await tool.run("field-definition", "change-kind", "account.custom.size", "WHOLE_NUMBER")
            #expect(unfit.code != 0 && unfit.errors.contains("about 70"), "\(unfit)")
            let unreachable = try await tool.run("field-definition", "change-kind", "account.custom.size", "REFERENCE")
            #expect(unreachable.code != 0 && unreachable.errors.contains("a whole number"), "\(unreachable)")
            _ = try await run("account", "update", "宝钢", "custom.size=70")

            // Both programs are killed in the middle.
            let begun = try await run("field-definition", "change-kind", "account.custom.size", "WHOLE_NUMBER")
            let job = try #require(
                begun.split(whereSeparator: \.isWhitespace).compactMap { RecordID(String($0)) }.first
            ).text
            let shown = try await run("field-definition", "get", "account.custom.size", "--output", "json")
            #expect(shown.contains("kind_change") && shown.contains(job), "\(shown)")
            let held =
                "SELECT count(*) FROM \(schema).accounts WHERE (SELECT count(*) FROM jsonb_object_keys(custom)) > 1"
            try await eventually("some records have both values") {
                let found = try await number(held)
                return found > 0 && found <= Self.count
            }
            try await steward.customer.kill()
            try await steward.customer.start()
            try await steward.identity.kill()
            try await steward.identity.start()
            // What comes in meanwhile has to fit, and is not lost.
            try await eventually("a value that would not fit is refused") {
                let late = try await tool.run("account", "create", "display_name=Late", "custom.size=late")
                return late.code != 0 && (late.errors.contains("being changed") || late.errors.contains("int_value"))
            }
            let watched = try await tool.run("job", "watch", job, "--output", "json")
            #expect(watched.code == 0 && watched.output.contains("DONE"), "\(watched)")
            try await eventually("the field holds numbers") {
                try await tool.run("account", "list", "--filter", "custom.size >= 2998", "--output", "csv").code == 0
            }
            let list = try await run(
                "account", "list", "--filter", "custom.size > 2997", "--order-by", "custom.size desc", "--columns",
                "custom.size", "--output", "csv")
            #expect(list.split(separator: "\n").dropFirst() == ["2999", "2998"], "\(list)")
            let steel = try await run(
                "account", "list", "--filter", "custom.size = 70", "--columns", "display_name", "--output", "csv")
            #expect(steel.contains("宝钢") && steel.contains("Account 70"), "\(steel)")
            let defined = try await run("field-definition", "get", "account.custom.size", "--output", "json")
            #expect(defined.contains("WHOLE_NUMBER") && !defined.contains("kind_change"), "\(defined)")

            // Thought better of: nothing has changed.
            _ = try await run("field-definition", "change-kind", "account.custom.size", "TEXT")
            let cancelled = try await tool.run("field-definition", "cancel-kind", "account.custom.size")
            if cancelled.code == 0 {
                let kept = try await run("field-definition", "get", "account.custom.size", "--output", "json")
                #expect(kept.contains("WHOLE_NUMBER") && !kept.contains("kind_change"), "\(kept)")
                _ = try await run("account", "update", "宝钢", "custom.size=71")
            }
            await workspace.close()
            try await steward.stop()
        }

        /// In each service, and for objects of the workspace's own.
        @Test func dealsAndOwnObjectsChangeToo() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            func run(_ words: String...) async throws -> String {
                let done = try await tool.run(arguments: words)
                #expect(done.code == 0, "\(words): \(done)")
                return done.output
            }
            func change(_ words: String...) async throws {
                let begun = try await tool.run(arguments: ["field-definition", "change-kind"] + words)
                let job = try #require(
                    begun.output.split(whereSeparator: \.isWhitespace).compactMap { RecordID(String($0)) }.first,
                    "\(begun)")
                let watched = try await tool.run("job", "watch", job.text, "--output", "json")
                #expect(watched.code == 0 && watched.output.contains("DONE"), "\(words): \(watched)")
            }
            _ = try await run(
                "object-definition", "create", "name=project", "display_name=Project", "plural_display_name=Projects")
            _ = try await run(
                "field-definition", "create", "object=custom.project", "name=rank", "kind=text", "display_name=Rank")
            _ = try await run("project", "create", "display_name=北桥", "custom.rank=7")
            try await change("project.custom.rank", "WHOLE_NUMBER")
            try await eventually("projects have numbers") {
                let found = try await tool.run(
                    "project", "list", "--filter", "custom.rank > 6", "--columns", "display_name", "--output", "csv")
                return found.code == 0 && found.output.contains("北桥")
            }
            _ = try await run(
                "field-definition", "create", "object=deal", "name=budget", "kind=number", "display_name=Budget")
            try await change("deal.custom.budget", "MONEY", "--currency", "EUR")
            let defined = try await run("field-definition", "get", "deal.custom.budget", "--output", "json")
            #expect(defined.contains("MONEY") && !defined.contains("kind_change"), "\(defined)")
            await workspace.close()
        }
    }
}
