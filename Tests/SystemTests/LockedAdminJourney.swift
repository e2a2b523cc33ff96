import Contracts
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// The only admin of a workspace is locked out, and an operator helps.
    @Suite(.serialized) struct LockedAdminJourney {
        @Test func anOperatorLetsTheAdminIn() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let tool = try CommandLineTool(steward)
            func login(_ password: String) async throws -> CommandLineTool.Result {
                // As people type it.
                try await tool.run(
                    "login", "--workspace", " \(workspace.name.uppercased())", "--email", workspace.adminEmail,
                    "--password-file", "-", input: "\(password)\n")
            }
            #expect(try await login(TestSteward.password).code == 0)
            for _ in 0..<10 {
                #expect(try await login("a wrong password").errors.contains("SIGN_IN_FAILED"))
            }
            let locked = try await login(TestSteward.password)
            #expect(locked.errors.contains("SIGN_IN_LOCKED") && locked.errors.contains("minutes"))

            let operatorTool = try CommandLineTool(steward)
            let password = try operatorTool.file("password", TestSteward.password)
            let asOperator = try await operatorTool.run(
                "login", "--operator", "--email", TestSteward.operatorEmail, "--password-file", password)
            #expect(asOperator.code == 0, "\(asOperator.errors)")
            let lifted = try await operatorTool.run(
                "tenant", "reset-admin", workspace.name, workspace.adminEmail)
            #expect(lifted.code == 0, "\(lifted.errors)")
            #expect(try await login(TestSteward.password).code == 0)

            let once = try operatorTool.file("once", "good for one time")
            let reset = try await operatorTool.run(
                "tenant", "reset-admin", workspace.name, workspace.adminEmail, "--password-file", once)
            #expect(reset.output.contains("once, until"), "\(reset.errors)")
            #expect(try await login(TestSteward.password).errors.contains("SIGN_IN_FAILED"))
            let first = try await login("good for one time")
            #expect(first.code == 0)
            #expect(first.errors.contains("password change"))
            #expect(try await login("good for one time").errors.contains("SIGN_IN_FAILED"))
            await workspace.close()
        }

        @Test func aNameThatIsNoneIsNamedAsSuch() async throws {
            let tool = try CommandLineTool(try await TestSteward.shared())
            let result = try await tool.run(
                "login", "--workspace", "Beta GmbH", "--email", "a@beta.example", "--password-file", "-", input: "x\n")
            #expect(result.code != 0)
            #expect(result.errors.contains("no name of a workspace"))
        }
    }
}
