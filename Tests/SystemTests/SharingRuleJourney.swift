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
    /// An admin makes a rule on the command line, and what it selects is there for the others, by every program, as long as it is in force.
    @Suite(.serialized) struct SharingRuleJourney {
        @Test func aRuleSharesWhatItSelects() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let own = ["account", "deal"].flatMap { object in
                ["read", "create", "update"].map { Contracts.Grant(object: object, action: $0, scope: .own) }
            }
            let setup = ["pipeline", "stage", "user", "role"].map {
                Contracts.Grant(object: $0, action: "read", scope: .all)
            }
            _ = try await workspace.admin.roles.createRole(
                CreateRoleRequest(record: Role(displayName: "Solo", grants: own + setup)))
            _ = try await workspace.admin.fieldDefinitions.createFieldDefinition(
                CreateFieldDefinitionRequest(
                    record: FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "Size")))
            let mail = "ben@\(workspace.name).example"
            let (_, ben) = try await workspace.connect(as: mail, roles: ["Solo"])
            let (admins, his) = (try CommandLineTool(steward), try CommandLineTool(steward))
            try await admins.signIn(workspace)
            try await his.signIn(workspace, mail)
            for (name, region, size) in [("云南白药", "昆明", "20"), ("Acme", "Bayern", "5"), ("Old", "昆明", "3")] {
                let made = try await admins.run(
                    "account", "create", "display_name=\(name)", "region=\(region)", "custom.size=\(size)")
                #expect(made.code == 0, "\(made)")
            }
            _ = try await ben.deals.createDeal(CreateDealRequest(record: Deal(displayName: "桌子")))

            #expect(try await his.run("account", "list").errors.contains("nothing found"))
            let made = try await admins.run(
                "sharing-rule", "create", "display_name=Kunming", "object=account",
                "filter_expression=region = 昆明 and custom.size > 10", "role=Solo", "access=read")
            #expect(made.code == 0, "\(made)")
            try await eventually("what was there is looked through") {
                let listed = try await his.run("account", "list", "--output", "csv")
                return listed.lines.count == 2 && listed.output.contains("云南白药")
            }
            let progress = try await admins.run("sharing-rule", "progress", "--output", "csv")
            #expect(progress.code == 0 && progress.output.contains("account,"), "\(progress)")
            let rules = try await admins.run("sharing-rule", "list")
            #expect(rules.output.contains("Kunming") && rules.output.contains("Solo"), "\(rules)")
            try await eventually("search finds what a rule selects") {
                try await his.run("search", "ynby").output.contains("云南白药")
            }
            let access = try await admins.run("account", "access", "云南白药", "--user", mail)
            #expect(access.code == 0 && access.output.contains("Kunming"), "\(access)")
            let refused = try await his.run("account", "update", "云南白药", "city=大理")
            #expect(refused.code == 1 && refused.errors.contains("RECORD_OUT_OF_SCOPE"), "\(refused)")
            let greedy = try await his.run(
                "sharing-rule", "create", "display_name=Mine", "object=account", "filter_expression=region is set",
                "role=Solo")
            #expect(greedy.code == 1 && greedy.errors.contains("PERMISSION_MISSING"), "\(greedy)")

            // What comes into the rule is there at once, and so for writing once the rule says so.
            let grown = try await admins.run("account", "update", "Old", "custom.size=11")
            #expect(grown.code == 0, "\(grown)")
            #expect(try await his.run("account", "list", "--output", "csv").lines.count == 3)
            let widened = try await admins.run("sharing-rule", "update", "Kunming", "access=write")
            #expect(widened.code == 0, "\(widened)")
            try await eventually("the rule is for writing") {
                try await his.run("account", "update", "云南白药", "city=大理").code == 0
            }
            // Sales goes by the same rule: his own deal names the account, and is found by it.
            let deal = try await his.run("deal", "create", "display_name=椅子", "account=云南白药")
            #expect(deal.code == 0, "\(deal)")
            let mirrored = ListDealsRequest(filterExpression: "account.region = \"昆明\"")
            try await eventually("Sales knows of the rule") {
                try await ben.deals.listDeals(mirrored).records.count == 1
            }
            // What leaves it is gone with that.
            let shrunk = try await admins.run("account", "update", "Old", "custom.size=1")
            #expect(shrunk.code == 0, "\(shrunk)")
            #expect(try await his.run("account", "list", "--output", "csv").lines.count == 2)
            let kept = try await admins.run("field-definition", "delete", "Size")
            #expect(kept.code == 1 && kept.errors.contains("FIELD_IN_SHARING_RULE"), "\(kept)")

            let ended = try await admins.run("sharing-rule", "update", "Kunming", "disabled=true")
            #expect(ended.code == 0, "\(ended)")
            let before = ContinuousClock.now
            try await eventually("the rule is over") {
                try await ben.accounts.listAccounts(ListAccountsRequest()).records.isEmpty
            }
            let lag = ContinuousClock.now - before
            #expect(lag < .seconds(1))
            try await eventually("in Sales, too") { try await ben.deals.listDeals(mirrored).records.isEmpty }
            await ben.close()
            await workspace.close()
        }

        /// What belongs to a shared account follows it in both services, for what the rules say, no longer than it is shared, and in this workspace alone.
        @Test func whatBelongsToASharedAccountFollows() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let other = try await steward.makeWorkspace()
            let own = ["account", "contact", "activity", "deal"].flatMap { object in
                ["read", "create", "update", "delete"].map {
                    Contracts.Grant(object: object, action: $0, scope: .own)
                }
            }
            _ = try await workspace.admin.roles.createRole(
                CreateRoleRequest(record: Role(displayName: "Solo", grants: own)))
            let mail = "ben@\(workspace.name).example"
            let (_, ben) = try await workspace.connect(as: mail, roles: ["Solo"])
            let (admins, his) = (try CommandLineTool(steward), try CommandLineTool(steward))
            try await admins.signIn(workspace)
            try await his.signIn(workspace, mail)
            for words in [
                ["account", "create", "display_name=云南白药"], ["contact", "create", "family_name=杨"],
                ["activity", "create", "kind=CALL", "subject=电话", "account=云南白药"],
                ["deal", "create", "display_name=桌子", "account=云南白药"],
                [
                    "sharing-rule", "create", "display_name=Contacts of accounts", "object=contact",
                    "parent_object=account", "access=read",
                ],
                [
                    "sharing-rule", "create", "display_name=Calls of accounts", "object=activity",
                    "parent_object=account",
                ],
                [
                    "sharing-rule", "create", "display_name=Deals of accounts", "object=deal", "parent_object=account",
                    "access=write",
                ],
            ] {
                let made = try await admins.run(arguments: words)
                #expect(made.code == 0, "\(words): \(made)")
            }
            let admin = workspace.admin
            let account = try #require(
                try await admin.accounts.listAccounts(ListAccountsRequest(filterExpression: "display_name = 云南白药"))
                    .records.first)
            let contact = try #require(
                try await admin.contacts.listContacts(ListContactsRequest(filterExpression: "family_name = 杨"))
                    .records.first)
            _ = try await admin.accountContacts.createAccountContact(
                CreateAccountContactRequest(
                    record: AccountContact(accountID: account.id, contactID: contact.id)))
            func counts() async throws -> [Int] {
                [
                    try await ben.contacts.listContacts(ListContactsRequest()).records.count,
                    try await ben.activities.listActivities(ListActivitiesRequest()).records.count,
                    try await ben.deals.listDeals(ListDealsRequest()).records.count,
                ]
            }
            #expect(try await counts() == [0, 0, 0])
            let shared = try await admins.run("account", "share", "云南白药", "--with", "user:\(mail)", "--access", "write")
            #expect(shared.code == 0, "\(shared)")
            try await eventually("what belongs to it is there") { try await counts() == [1, 1, 1] }
            try await eventually("search finds it") {
                try await his.run("search", "桌子").output.contains("桌子")
            }
            let wrote = try await his.run("deal", "update", "桌子", "description=by ben")
            #expect(wrote.code == 0, "\(wrote)")
            for words in [["contact", "update", "杨", "job_title=x"], ["deal", "delete", "桌子"]] {
                let refused = try await his.run(arguments: words)
                #expect(refused.code == 1 && refused.errors.contains("RECORD_OUT_OF_SCOPE"), "\(refused)")
            }
            let access = try await admins.run("deal", "access", "桌子", "--user", mail)
            #expect(access.code == 0 && access.output.contains("Deals of accounts"), "\(access)")
            // Nobody of another workspace has any of it, nor do its rules and shares mean anything there.
            let foreign = try await refusal {
                try await other.admin.contacts.getContact(GetContactRequest(id: contact.id))
            }
            #expect(foreign.reason == "RECORD_NOT_FOUND")

            let ended = try await admins.run("account", "unshare", "云南白药", "--with", "user:\(mail)")
            let before = ContinuousClock.now
            #expect(ended.code == 0, "\(ended)")
            let atOnce = try await Array(counts().prefix(2))
            #expect(atOnce == [0, 0])
            try await eventually("Sales has heard of it") { try await counts() == [0, 0, 0] }
            #expect(ContinuousClock.now - before < .seconds(1))
            await ben.close()
            await workspace.close()
            await other.close()
        }
    }
}
