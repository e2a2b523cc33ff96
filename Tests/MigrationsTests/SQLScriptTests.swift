import Tenancy
import Testing

@testable import Migrations

@Suite struct SQLScriptTests {
    @Test(arguments: [
        ("", []),
        (" ;; -- nothing\n ; /* nothing; */", []),
        ("A; B", ["A", "B"]),
        ("SELECT ';' ; B", ["SELECT ';'", "B"]),
        ("SELECT 'it''s; fine'; B", ["SELECT 'it''s; fine'", "B"]),
        (#"SELECT "a;b"; B"#, [#"SELECT "a;b""#, "B"]),
        ("DO $$ BEGIN; END $$; B", ["DO $$ BEGIN; END $$", "B"]),
        ("DO $body$ a; $$ b; $body$; B", ["DO $body$ a; $$ b; $body$", "B"]),
        ("SELECT $1; SELECT $2", ["SELECT $1", "SELECT $2"]),
        ("A /* x; /* y; */ z; */ B; C", ["A  B", "C"]),
        ("A -- x; y\nB; C", ["A \nB", "C"]),
        ("SELECT 'open", ["SELECT 'open"]),
        ("SELECT $open$ x", ["SELECT $open$ x"]),
    ])
    func cutsOnlyWhereACommandEnds(_ text: String, _ commands: [String]) {
        #expect(SQLScript.commands(text) == commands)
    }

    @Test func theBaseStreamIsCutIntoItsCommands() {
        let commands = MigrationStream.everySchema.flatMap { SQLScript.commands($0.sql) }
        #expect(commands.count == 34)
        let beginnings = ["CREATE ", "ALTER TABLE ", "INSERT INTO "]
        #expect(commands.allSatisfy { command in beginnings.contains { command.hasPrefix($0) } })
        #expect(commands.allSatisfy { $0.contains("{schema}.") })
    }
}

@Suite struct SQLTextTests {
    @Test func literalsKeepQuotesInside() {
        #expect(SQLText.literal("it's") == "'it''s'")
        #expect(SQLText.literal("") == "''")
    }

    @Test func plainNamesNeedNoQuotes() {
        #expect(SQLText.isPlainName("steward_1"))
        for name in ["", "1a", "A", "a-b", "a b", #"a"b"#, String(repeating: "a", count: 51)] {
            #expect(!SQLText.isPlainName(name))
        }
    }
}

@Suite struct TenantSchemaNameTests {
    @Test func namesAreReadBack() {
        for _ in 0..<100 {
            let tenant = TenantID(RecordID.make())
            let name = TenantSchema(tenantID: tenant, service: .sales)!.name
            #expect(TenantSchema(name: name, service: .sales)?.tenantID == tenant)
            #expect(TenantSchema(name: name, service: .customer) == nil)
        }
    }

    @Test func otherNamesAreNot() {
        // The first of 26 characters carries three bits only, so `z` there is no name that we make.
        for name in [
            "t__sa", "t_a_sa", "t_zzzzzzzzzzzzzzzzzzzzzzzzzz_sa", "t_00000000000000000000000000_sa", "public",
        ] {
            #expect(TenantSchema(name: name, service: .sales) == nil)
        }
    }
}

@Suite struct MigrationLedgerTests {
    private let first = Migration(number: 1, name: "a", sql: "A")
    private let second = Migration(number: 2, name: "b", sql: "B")

    private func ledger(_ migrations: Migration...) -> MigrationLedger {
        MigrationLedger(
            entries: migrations.map {
                MigrationLedger.Entry(stream: "s", number: $0.number, checksum: $0.checksum)
            })
    }

    @Test func whatIsMissingIsPendingInOrder() throws {
        #expect(try ledger().pending([first, second], of: "s", in: "x") == [first, second])
        #expect(try ledger(first).pending([first, second], of: "s", in: "x") == [second])
        #expect(try ledger(first, second).pending([first, second], of: "s", in: "x").isEmpty)
        #expect(try ledger(first).pending([first], of: "other", in: "x") == [first])
    }

    @Test func whatWasChangedIsRefused() {
        let changed = Migration(number: 1, name: "a", sql: "A ")
        let error = #expect(throws: MigrationError.self) {
            _ = try ledger(first).pending([changed], of: "s", in: "x")
        }
        #expect(error?.kind == .checksumMismatch)
        #expect(error?.description.contains("s_1_a") == true)
    }

    @Test func whatIsUnknownIsRefused() {
        let error = #expect(throws: MigrationError.self) {
            _ = try ledger(first, second).pending([first], of: "s", in: "x")
        }
        #expect(error?.kind == .unknownMigration)
    }

    @Test func theChecksumIsSHA256() {
        #expect(
            Migration(number: 1, name: "a", sql: "abc").checksum
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }
}
