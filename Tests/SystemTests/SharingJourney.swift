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
    /// Somebody shares a record on the command line, and it is there for the other one, by every program, until it is over.
    @Suite(.serialized) struct SharingJourney {
        @Test func aRecordIsSharedUntilItIsNot() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let own = ["account", "deal", "custom.project"].flatMap { object in
                ["read", "create", "update", "delete"].map { Contracts.Grant(object: object, action: $0, scope: .own) }
            }
            let setup = ["pipeline", "stage", "user", "department", "role"].map {
                Contracts.Grant(object: $0, action: "read", scope: .all)
            }
            _ = try await workspace.admin.objectDefinitions.createObjectDefinition(
                CreateObjectDefinitionRequest(
                    record: ObjectDefinition(name: "project", displayName: "Project", pluralDisplayName: "Projects")))
            _ = try await workspace.admin.roles.createRole(
                CreateRoleRequest(record: Role(displayName: "Solo", grants: own + setup)))
            let mails = ["ann", "ben"].map { "\($0)@\(workspace.name).example" }
            let (_, ann) = try await workspace.connect(as: mails[0], roles: ["Solo"])
            let (_, ben) = try await workspace.connect(as: mails[1], roles: ["Solo"])
            let (hers, his) = (try CommandLineTool(steward), try CommandLineTool(steward))
            try await hers.signIn(workspace, mails[0])
            try await his.signIn(workspace, mails[1])
            let account = try #require(
                try await ann.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "云南白药", region: "昆明"))
                ).record)
            _ = try await ann.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "桌子", accountID: account.id)))
            let mirrored = ListDealsRequest(filterExpression: "account.region = \"昆明\"")
            try await eventually("Sales knows the account") {
                try await ann.deals.listDeals(mirrored).records.count == 1
            }

            let unseen = try await his.run("account", "get", "云南白药")
            #expect(unseen.code == 1, "\(unseen)")
            let shared = try await hers.run(
                "account", "share", "云南白药", "--with", "user:\(mails[1])", "--access", "write", "--output", "csv")
            #expect(shared.code == 0 && shared.lines.count == 2 && shared.output.contains(",write,"), "\(shared)")
            let listed = try await his.run("account", "list", "--output", "csv")
            #expect(listed.lines.count == 2 && listed.output.contains("云南白药"), "\(listed)")
            let edited = try await his.run("account", "update", "云南白药", "city=大理")
            #expect(edited.code == 0, "\(edited)")
            try await eventually("search finds what is shared") {
                try await his.run("search", "ynby").output.contains("云南白药")
            }
            let shares = try await his.run("account", "shares", "云南白药")
            #expect(
                shares.code == 0 && shares.output.contains(mails[1]) && shares.lines.count == 2, "\(shares)")
            let access = try await his.run("account", "access", "云南白药", "--output", "json")
            #expect(
                access.code == 0 && access.output.contains("\"allowed\": true")
                    || access.output.contains("\"allowed\":true"), "\(access)")
            let greedy = try await his.run("account", "share", "云南白药", "--with", "role:Solo")
            #expect(greedy.code == 1 && greedy.errors.contains("RECORD_OUT_OF_SCOPE"), "\(greedy)")
            let deleted = try await his.run("account", "delete", "云南白药")
            #expect(deleted.code == 1, "\(deleted)")
            // Sales goes by the same share: his own deal may name the account, and be found by it.
            let deal = try await his.run("deal", "create", "display_name=椅子", "account=云南白药")
            #expect(deal.code == 0, "\(deal)")
            try await eventually("Sales knows of the share") {
                try await ben.deals.listDeals(mirrored).records.count == 1
            }

            let project = try await hers.run("project", "create", "display_name=Bridge")
            #expect(project.code == 0, "\(project)")
            let department = try await hers.run("project", "share", "Bridge", "--with", "role:Solo")
            #expect(department.code == 0, "\(department)")
            #expect(try await his.run("project", "get", "Bridge").code == 0)

            let ended = try await hers.run("account", "unshare", "云南白药", "--with", "user:\(mails[1])")
            #expect(ended.code == 0 && ended.errors.contains("shared with nobody"), "\(ended)")
            #expect(try await his.run("account", "list").errors.contains("nothing found"))
            try await eventually("Sales knows that it is over") {
                try await ben.deals.listDeals(mirrored).records.isEmpty
            }
            let end = Timestamp.now().advanced(by: .seconds(3))
            let brief = try await hers.run(
                "account", "share", "云南白药", "--with", "user:\(mails[1])", "--until", end.text)
            #expect(brief.code == 0, "\(brief)")
            let get = GetAccountRequest(id: account.id)
            #expect(try await ben.accounts.getAccount(get).record?.city == "大理")
            try await eventually("the share is over") {
                do {
                    _ = try await ben.accounts.getAccount(get)
                    return false
                } catch let error as RPCError {
                    return error.reason == "RECORD_NOT_FOUND"
                }
            }
            try await eventually("a program has taken it away") {
                try await ann.accounts.getAccount(get).record?.shares.isEmpty == true
            }
            let history = try await hers.run("account", "history", "云南白药")
            #expect(history.code == 0 && history.output.contains("shares"), "\(history)")
            await ann.close()
            await ben.close()
            await workspace.close()
        }
    }
}
