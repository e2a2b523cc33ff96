import Foundation
import TestSteward
import Testing

extension SystemTests {
    /// A client of fifty lines in another language does what ours does.
    @Suite struct ThinClientJourney {
        /// Uses Tests/ThinClientTests/thin_client.py, which was written from proto/README.md alone. Field numbers are
        /// those of the proto files.
        private static let script = """
            import sys
            sys.path.insert(0, sys.argv[1])
            from thin_client import Client, describe, field, fields

            host, port, roots, workspace, email, password = sys.argv[2:]
            client = Client(host, int(port), roots)

            def call(method, request):
                answer = list(client.call(method, [request]))
                status = answer[-1][1]
                if status.get(1, [0])[0] != 0:
                    return describe(status).split(":")[0], {}
                return "OK", fields(answer[0][1]) if answer[0][0] == "message" else {}

            def show(what, outcome):
                print(what, outcome)

            accounts = "steward.customer.v1.AccountService/"
            show("before", call(accounts + "ListAccounts", b"")[0])
            sign_in = field(1, workspace) + field(2, email) + field(3, password)
            outcome, answer = call("steward.identity.v1.AuthenticationService/SignIn", sign_in)
            show("sign in", outcome)
            handle = fields(answer[1][0])[1][0]
            outcome, answer = call("steward.rpc.v1.SessionService/AttachSession", field(1, handle))
            show("attach", answer[2][0].decode())
            created = call(accounts + "CreateAccount", field(1, field(10, "Gruß aus Python")))[1]
            account = fields(created[1][0])
            show("created", account[10][0].decode())
            got = call(accounts + "GetAccount", field(1, account[1][0]))[1]
            show("got", fields(got[1][0])[10][0].decode())
            listed = call(accounts + "ListAccounts", b"")[1]
            show("listed", len(listed[1]))
            deal = field(10, "Desk") + field(13, account[1][0])
            outcome, answer = call("steward.sales.v1.DealService/CreateDeal", field(1, deal))
            show("deal", outcome)
            board = call("steward.sales.v1.DealService/GetBoard", b"")[1]
            show("board", " ".join(fields(column)[2][0].decode() for column in board[3]))
            show("refused", call(accounts + "CreateAccount", b"")[0])
            """

        @Test func fromSignInToTheBoard() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let path = "\(steward.folder)/thin.py"
            try Self.script.write(toFile: path, atomically: true, encoding: .utf8)
            let clients = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "ThinClientTests").path
            let log = "\(steward.folder)/thin.log"
            let python = try ChildProcess(
                [
                    "/usr/bin/env", "python3", path, clients, "localhost", "\(steward.gateway.port)",
                    steward.trustRoots,
                    workspace.name, workspace.adminEmail, TestSteward.password,
                ], logPath: log)
            let ending = try await python.awaitEnding()
            let said = try String(contentsOfFile: log, encoding: .utf8)
            #expect(ending == .exited(0), "\(said)")
            #expect(
                said.split(separator: "\n") == [
                    "before 16 gateway/SESSION_REQUIRED", "sign in OK", "attach \(workspace.name)",
                    "created Gruß aus Python", "got Gruß aus Python", "listed 1", "deal OK",
                    "board Qualified Proposal Negotiation Won Lost", "refused 3 records/RECORD_MISSING",
                ])
            await workspace.close()
        }
    }
}
