import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// An admin makes rules on the command line, and they hold for others in every program as long as they are in force.
    @Suite(.serialized) struct ValidationRuleJourney {
        @Test func rulesHoldWhereRecordsAreWritten() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let mail = "ben@\(workspace.name).example"
            let (_, ben) = try await workspace.connect(as: mail, roles: ["Sales rep"])
            let (admins, his) = (try CommandLineTool(steward), try CommandLineTool(steward))
            try await admins.signIn(workspace)
            try await his.signIn(workspace, mail)
            let old = try await his.run("account", "create", "display_name=云南白药", "city=昆明")
            #expect(old.code == 0, "\(old)")

            let condition = "is_set(city) and not is_set(region)"
            let preview = try await admins.run(
                "validation-rule", "preview", "account", condition, "--output", "csv")
            #expect(preview.code == 0 && preview.output.contains("1,1,"), "\(preview)")
            let made = try await admins.run(
                "validation-rule", "create", "display_name=Region", "object=account", "field=region",
                "condition=\(condition)", "message=哪个省?")
            #expect(made.code == 0, "\(made)")
            try await eventually("the rule holds") {
                let refused = try await his.run("account", "create", "display_name=Acme", "city=Rom")
                return refused.code == 1 && refused.errors.contains("ENTRY_STANDARD_BROKEN")
                    && refused.errors.contains("哪个省?")
            }
            let other = try await his.run("account", "update", "云南白药", "website=https://ynby.example")
            #expect(other.code == 0, "\(other)")
            let touched = try await his.run("account", "update", "云南白药", "city=大理")
            #expect(touched.code == 1 && touched.errors.contains("ENTRY_STANDARD_BROKEN"), "\(touched)")

            let locking = try await admins.run(
                "validation-rule", "create", "display_name=Closed", "object=deal", "effect=lock",
                "condition=starts_with(display_name, '锁')", "message=Closed.", "role=Sales manager")
            #expect(locking.code == 0, "\(locking)")
            let deal = try await his.run("deal", "create", "display_name=锁 A")
            #expect(deal.code == 0, "\(deal)")
            try await eventually("Sales knows of the lock") {
                let refused = try await his.run("deal", "update", "锁 A", "display_name=B")
                return refused.code == 1 && refused.errors.contains("RECORD_LOCKED")
            }
            let moved = try await his.run("deal", "move", "锁 A", "--stage", "Proposal")
            #expect(moved.code == 1 && moved.errors.contains("RECORD_LOCKED"), "\(moved)")

            let exported = try await admins.run("model", "export")
            #expect(exported.output.contains("validation_rules:") && exported.output.contains("哪个省?"), "\(exported)")
            let greedy = try await his.run("validation-rule", "update", "Closed", "disabled=true")
            #expect(greedy.code == 1, "\(greedy)")
            let ended = try await admins.run("validation-rule", "update", "Closed", "disabled=true")
            #expect(ended.code == 0, "\(ended)")
            try await eventually("the lock is over") {
                try await his.run("deal", "update", "锁 A", "display_name=B").code == 0
            }
            await ben.close()
            await workspace.close()
        }
    }
}
