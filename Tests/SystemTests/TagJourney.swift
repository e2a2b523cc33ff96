import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Somebody makes tags on the command line, puts them on records of several services, finds records by them, and takes them away again.
    @Suite(.serialized) struct TagJourney {
        @Test func recordsAreTaggedAndFoundByIt() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let (boss, rep) = (try CommandLineTool(steward), try CommandLineTool(steward))
            let mail = "rep@\(workspace.name).example"
            let (_, _) = try await workspace.connect(as: mail, roles: ["Sales rep"])
            try await boss.signIn(workspace)
            try await rep.signIn(workspace, mail)
            func run(_ tool: CommandLineTool, _ words: String...) async throws -> String {
                let done = try await tool.run(arguments: words)
                #expect(done.code == 0, "\(words): \(done)")
                return done.output
            }
            _ = try await run(boss, "tag", "create", "display_name=VIP", "colour=#ff0000", "shared_with_all=yes")
            _ = try await run(boss, "tag", "create", "display_name=内部")
            _ = try await run(rep, "tag", "create", "display_name=我的")
            let mine = try await run(rep, "tag", "list", "--output", "csv", "--columns", "display_name")
            #expect(mine.contains("VIP") && mine.contains("我的") && !mine.contains("内部"))

            _ = try await run(rep, "account", "create", "display_name=云南白药", "city=昆明", "tag=VIP,我的")
            _ = try await run(rep, "account", "create", "display_name=Acme", "city=昆明")
            let unseen = try await rep.run("account", "create", "display_name=x", "tag=内部")
            #expect(unseen.code != 0 && unseen.errors.contains("内部"), "\(unseen)")
            let listed = try await run(
                rep, "account", "list", "--tag", "VIP", "--output", "csv", "--columns", "display_name,tag")
            #expect(listed.contains("云南白药") && !listed.contains("Acme"))
            // Names, not ids, stand in the table.
            #expect(listed.contains("VIP"))
            let seen = try await run(boss, "account", "get", "云南白药")
            #expect(seen.contains("VIP"))

            // Many at once, and back.
            let preview = try await run(boss, "account", "tag", "VIP,内部", "--filter", "city = 昆明", "--preview")
            #expect(preview.contains("Acme"))
            _ = try await run(boss, "account", "tag", "VIP,内部", "--filter", "city = 昆明", "--watch")
            #expect(try await run(rep, "account", "list", "--tag", "VIP", "--output", "csv").contains("Acme"))
            #expect(try await run(boss, "account", "list", "--tag", "VIP,内部", "--output", "csv").contains("云南白药"))
            _ = try await run(boss, "account", "untag", "内部", "--filter", "city = 昆明", "--watch")
            #expect(try await !run(boss, "account", "list", "--tag", "内部", "--output", "csv").contains("Acme"))
            let own = try await run(rep, "account", "list", "--tag", "我的", "--output", "csv")
            #expect(own.contains("云南白药"))

            // Search finds by tags, in all services.
            try await eventually("search knows the tags") {
                let found = try await rep.run("search", "yunnan", "--tag", "VIP").output
                return found.contains("云南白药")
            }
            let none = try await rep.run("search", "acme", "--tag", "我的").output
            #expect(!none.contains("Acme"))

            // A file brings tags by their names, and what nobody knows is refused.
            let good = try boss.file("good.csv", "display_name,tag\n大理,\"VIP,内部\"\nBonn,\n")
            _ = try await run(boss, "import", "accounts", good)
            let bad = try boss.file("bad.csv", "display_name,tag\nUlm,unheard\n")
            let refused = try await boss.run("import", "accounts", bad)
            #expect(refused.code != 0 && (refused.output + refused.errors).contains("unheard"), "\(refused)")
            let brought = try await run(boss, "account", "list", "--tag", "VIP,内部", "--output", "csv")
            #expect(brought.contains("大理"))
            // Deleted, it is nowhere; restored, everywhere again.
            _ = try await run(boss, "tag", "delete", "VIP")
            try await eventually("Customer knows that the tag is gone") {
                try await !rep.run("account", "get", "云南白药").output.contains("VIP")
            }
            let gone = try await rep.run("account", "list", "--tag", "VIP")
            #expect(gone.code != 0, "\(gone)")
            _ = try await run(boss, "tag", "restore", "VIP")
            try await eventually("it is back on its records") {
                try await rep.run("account", "get", "云南白药").output.contains("VIP")
            }
            await workspace.close()
        }
    }
}
