import Contracts
import CustomerContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// An operator finds what is stuck in the workspaces, and cures it.
    @Suite(.serialized) struct SagaJourney {
        @Test func anOperatorGivesUpAHandoverThatCannotGoOn() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let admin = try await workspace.commandLine()
            let rep = try await workspace.roleID("Sales rep")
            for name in ["ann", "bob"] { _ = try await workspace.makeUser("\(name)@acme.example", roleIDs: [rep]) }
            let staff = try CommandLineTool(steward)
            let login = try await staff.run(
                "login", "--operator", "--email", TestSteward.operatorEmail, "--password-file", "-",
                input: TestSteward.password + "\n")
            #expect(login.code == 0, "\(login)")
            let healthy = try await staff.run("saga", "list")
            #expect(healthy.code == 0 && healthy.errors.contains("nothing is stuck"), "\(healthy)")

            try await steward.sales.kill()
            let leaving = try await admin.run("user", "deactivate", "ann@acme.example", "--to", "bob@acme.example")
            let id = try #require(leaving.output.split(separator: " ").compactMap { RecordID(String($0)) }.first).text
            try await eventually("the saga is at the service that is away") {
                let list = try await staff.run("saga", "list", "--output", "json")
                return list.code == 0 && list.errors.contains("sales could not be asked")
                    && [workspace.name, id, "hand_over_sales", "JOB_TROUBLE_FAILING"].allSatisfy {
                        list.output.contains($0)
                    }
            }
            let table = try await staff.run("saga", "list", "--workspace", workspace.name)
            #expect(table.code == 0 && table.lines.count == 2 && table.output.contains(id), "\(table)")

            let refused = try await admin.run("saga", "list")
            #expect(refused.code != 0 && refused.errors.contains("operator"), "\(refused)")
            // What is under way elsewhere is told to end first, which cannot be told.
            let early = try await staff.run("saga", "abandon", "--workspace", workspace.name, id, "--leave-as-is")
            #expect(early.code != 0 && early.errors.contains("without --leave-as-is first"), "\(early)")
            let abandoned = try await staff.run("saga", "abandon", "--workspace", workspace.name, id)
            #expect(abandoned.code == 0, "\(abandoned)")
            try await eventually("it is given up") {
                try await staff.run("saga", "abandon", "--workspace", workspace.name, id, "--leave-as-is").code == 0
            }
            let job = try await admin.run("job", "show", id, "--output", "json")
            #expect(job.output.contains("JOB_STATE_CANCELLED"), "\(job)")
            let ended = try await staff.run("saga", "retry", "--workspace", workspace.name, id)
            #expect(ended.code != 0 && ended.errors.contains("only one that failed is tried again"), "\(ended)")

            try await steward.sales.start()
            let again = try await admin.run(
                "user", "deactivate", "ann@acme.example", "--to", "bob@acme.example", "--watch", "--output", "json")
            #expect(again.code == 0 && again.output.contains("JOB_STATE_DONE"), "\(again)")
            let unknown = try await staff.run("saga", "retry", "--workspace", workspace.name, RecordID.make().text)
            #expect(unknown.code != 0 && unknown.errors.contains("saga list"), "\(unknown)")
            await workspace.close()
            try await steward.stop()
        }
    }
}
