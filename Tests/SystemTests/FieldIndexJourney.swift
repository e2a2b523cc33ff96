import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// An admin has a field indexed on the command line, by the real provisioner, and takes it back.
    @Suite(.serialized) struct FieldIndexJourney {
        @Test func itIsThereAsLongAsItIsWanted() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)).name
            func run(_ arguments: String...) async throws -> String {
                let result = try await tool.run(arguments: arguments)
                #expect(result.code == 0, "\(arguments): \(result.errors)\(result.output)")
                return result.output
            }
            /// No function is asked of one that may go meanwhile.
            func indexes() async throws -> [String] {
                try await steward.database.rows(
                    """
                    SELECT c.oid::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                    WHERE c.relnamespace = '\(schema)'::regnamespace AND c.relname ~ '^custom_[0-9]' AND i.indisvalid
                    """
                ).compactMap { $0[0] }
            }
            _ = try await run(
                "field-definition", "create", "object=account", "name=renewal", "kind=date", "display_name=续约 Renewal")
            for day in ["2027-03-01", "2027-01-01", "2027-02-01"] {
                _ = try await run("account", "create", "display_name=\(day)", "custom.renewal=\(day)")
            }
            _ = try await run("field-definition", "update", "account.renewal", "indexed=yes")
            try await eventually("the index is made", within: .seconds(20)) { try await indexes().count == 1 }
            let made = try #require(try await indexes().first)
            let definition = try await steward.database.rows("SELECT pg_get_indexdef(\(made)::oid)")[0][0]
            #expect(definition?.contains("make_date") == true, "\(definition ?? "gone")")
            let jobs = try await run("job", "list")
            #expect(jobs.contains("index_field"), "\(jobs)")
            let list = try await run(
                "account", "list", "--filter", "custom.renewal > 2027-01-15", "--order-by", "custom.renewal desc",
                "--columns", "display_name", "--output", "csv")
            #expect(list.split(separator: "\n") == ["display_name", "2027-03-01", "2027-02-01"])
            let described = try await run("object", "describe", "account")
            #expect(described.contains("custom.renewal"))
            _ = try await run("field-definition", "delete", "account.renewal")
            try await eventually("the index is dropped", within: .seconds(20)) { try await indexes().isEmpty }
            await workspace.close()
        }
    }
}
