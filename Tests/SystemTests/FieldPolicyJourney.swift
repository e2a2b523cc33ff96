import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// What an admin takes from a role is gone everywhere, and soon.
    @Suite(.serialized) struct FieldPolicyJourney {
        private typealias Right = Contracts.Grant

        /// A role in which `phone` is hidden, `email` masked and `annual_revenue` only read.
        private func makeRestrictedRole(_ workspace: TestWorkspace) async throws -> Role {
            try #require(
                try await workspace.admin.roles.createRole(
                    CreateRoleRequest(
                        record: Role(
                            displayName: "Restricted",
                            grants: [
                                Right(object: "account", action: "read", scope: .all),
                                Right(object: "account", action: "update", scope: .all),
                            ],
                            fieldPolicies: [
                                Contracts.FieldPolicy(object: "account", field: "phone", access: FieldAccess.none),
                                Contracts.FieldPolicy(object: "account", field: "email", access: .masked),
                                Contracts.FieldPolicy(object: "account", field: "annual_revenue", access: .read),
                            ]))
                ).record)
        }

        private func makeAccount(_ connection: StewardConnection, _ name: String) async throws -> Account {
            try #require(
                try await connection.accounts.createAccount(
                    CreateAccountRequest(
                        record: Account(
                            displayName: name, phone: "+49301234567", email: "info@\(name).example",
                            annualRevenue: Money(currencyCode: "EUR", minorUnits: 100)))
                ).record)
        }

        @Test func aHiddenFieldIsGoneFromEveryAnswer() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await makeAccount(workspace.admin, "acme")
            let role = try await makeRestrictedRole(workspace)
            _ = try await workspace.makeUser(
                "intern@\(workspace.name).example", roleIDs: [try #require(role.id)])
            let intern = try await workspace.connect("intern@\(workspace.name).example")

            let got = try await intern.accounts.getAccount(GetAccountRequest(id: account.id)).record
            let masked = try await intern.accounts.getAccount(
                GetAccountRequest(id: account.id, readMask: ["phone", "email"])
            ).record
            let batch = try await intern.accounts.batchGetAccounts(BatchGetAccountsRequest(ids: [account.id ?? ""]))
            let listed = try await intern.accounts.listAccounts(ListAccountsRequest())
            let updated = try await intern.accounts.updateAccount(
                UpdateAccountRequest(record: Account(id: account.id, city: "Berlin"), updateMask: ["city"])
            ).record
            let answers = [got, masked, batch.records.first, listed.records.first, updated]
            for answer in answers {
                #expect(answer?.id == account.id)
                #expect(answer?.phone == nil)
                #expect(answer?.email == "•••@acme.example")
            }
            #expect(got?.annualRevenue?.minorUnits == 100)
            #expect(updated?.city == "Berlin")
            // Others see what they saw.
            let seen = try await workspace.admin.accounts.getAccount(GetAccountRequest(id: account.id)).record
            #expect(seen?.phone == account.phone)
            #expect(seen?.email == "info@acme.example")
            await intern.close()
            await workspace.close()
        }

        @Test func aHiddenFieldCannotBeGuessedOrChanged() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await makeAccount(workspace.admin, "acme")
            let role = try await makeRestrictedRole(workspace)
            _ = try await workspace.makeUser(
                "intern@\(workspace.name).example", roleIDs: [try #require(role.id)])
            let intern = try await workspace.connect("intern@\(workspace.name).example")
            let lists = [
                ListAccountsRequest(filterExpression: "phone is set"),
                ListAccountsRequest(filterExpression: "not (phone ^= \"+49\")", includeCount: true),
                ListAccountsRequest(filterExpression: "city is set or email = \"info@acme.example\""),
                ListAccountsRequest(
                    filter: Filter(
                        compare: Comparison(
                            field: "phone", operator: .startsWith, values: [Value(stringValue: "+49")]))),
                ListAccountsRequest(orderBy: ["phone"]),
                ListAccountsRequest(orderBy: ["display_name", "email desc"]),
            ]
            for list in lists {
                let error = try await refusal { try await intern.accounts.listAccounts(list) }
                #expect(error.code == .permissionDenied)
                #expect(error.reason == "FIELD_NOT_READABLE")
                #expect(error.details.contains { $0.key == "field" && ["phone", "email"].contains($0.value) })
            }
            let filtered = try await intern.accounts.listAccounts(
                ListAccountsRequest(
                    filterExpression: "annual_revenue.minor_units >= 100", orderBy: ["annual_revenue.minor_units"],
                    includeCount: true))
            #expect(filtered.count?.value == 1)
            let changes = [
                ("phone", Account(id: account.id, phone: "+49307654321")),
                ("email", Account(id: account.id, email: "new@acme.example")),
                ("annual_revenue", Account(id: account.id, annualRevenue: Money(currencyCode: "EUR", minorUnits: 1))),
            ]
            for (field, change) in changes {
                let error = try await refusal {
                    try await intern.accounts.updateAccount(UpdateAccountRequest(record: change, updateMask: [field]))
                }
                #expect(error.code == .permissionDenied)
                #expect(error.reason == "FIELD_NOT_WRITABLE")
                #expect(error.details.contains { $0.key == "field" && $0.value == field })
            }
            #expect(try await workspace.admin.accounts.getAccount(GetAccountRequest(id: account.id)).record == account)
            await intern.close()
            await workspace.close()
        }

        /// A user who may do all with deals and read pipelines and stages, but for one field of deals.
        private func connect(
            _ workspace: TestWorkspace, _ field: String, _ access: FieldAccess
        ) async throws -> StewardConnection {
            let role = try await workspace.admin.roles.createRole(
                CreateRoleRequest(
                    record: Role(
                        displayName: "All but \(field)",
                        grants: [
                            Right(object: "deal", action: "*", scope: .all),
                            Right(object: "pipeline", action: "read", scope: .all),
                            Right(object: "stage", action: "read", scope: .all),
                        ],
                        fieldPolicies: [Contracts.FieldPolicy(object: "deal", field: field, access: access)]))
            ).record
            let email = "\(field)@\(workspace.name).example"
            _ = try await workspace.makeUser(email, roleIDs: [role?.id ?? ""])
            return try await workspace.connect(email)
        }

        @Test func theBoardShowsWhatTheRoleMaySee() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let deal = try await workspace.admin.deals.createDeal(
                CreateDealRequest(
                    record: Deal(
                        displayName: "Desk", amount: Money(currencyCode: "EUR", minorUnits: 100),
                        closeDate: "2027-01-31"))
            ).record
            let noAmount = try await connect(workspace, "amount", FieldAccess.none)
            let board = try await noAmount.deals.getBoard(GetBoardRequest())
            #expect(board.columns[0].dealCount == 1)
            #expect(board.columns[0].deals.map(\.id) == [deal?.id])
            #expect(board.columns.allSatisfy { $0.sums.isEmpty && $0.weightedSums.isEmpty })
            #expect(board.columns[0].deals.allSatisfy { $0.amount == nil })
            let guess = try await refusal {
                try await noAmount.deals.getBoard(GetBoardRequest(filterExpression: "amount.minor_units > 50"))
            }
            #expect(guess.reason == "FIELD_NOT_READABLE")

            let noDate = try await connect(workspace, "close_date", FieldAccess.none)
            #expect(try await noDate.deals.getBoard(GetBoardRequest()).columns[0].deals.map(\.closeDate) == [nil])

            // Who may read deals only sees no board, which is made of stages, too.
            let role = try await workspace.admin.roles.createRole(
                CreateRoleRequest(
                    record: Role(
                        displayName: "Deals only", grants: [Right(object: "deal", action: "read", scope: .all)]))
            ).record
            let email = "deals@\(workspace.name).example"
            _ = try await workspace.makeUser(email, roleIDs: [role?.id ?? ""])
            let dealsOnly = try await workspace.connect(email)
            let noStages = try await refusal { try await dealsOnly.deals.getBoard(GetBoardRequest()) }
            #expect(noStages.code == .permissionDenied && noStages.reason == "PERMISSION_MISSING")
            await dealsOnly.close()

            let noStage = try await connect(workspace, "stage_id", FieldAccess.none)
            for call in [
                { _ = try await noStage.deals.getBoard(GetBoardRequest(dealsPerStage: 0)) },
                { _ = try await noStage.deals.listStageHistory(ListStageHistoryRequest(id: deal?.id)) },
            ] as [@Sendable () async throws -> Void] {
                let error = try await refusal { try await call() }
                #expect(error.code == .permissionDenied)
                #expect(error.reason == "FIELD_NOT_READABLE")
            }
            let fixedStage = try await connect(workspace, "outcome_reason", .read)
            let reason = try await refusal {
                try await fixedStage.deals.moveDealStage(
                    MoveDealStageRequest(
                        id: deal?.id, stageID: board.columns[4].stageID, version: deal?.version, outcomeReason: "why"))
            }
            #expect(reason.code == .permissionDenied)
            #expect(reason.reason == "FIELD_NOT_WRITABLE")
            for connection in [noAmount, noDate, noStage, fixedStage] { await connection.close() }
            await workspace.close()
        }

        @Test func whatIsTakenIsGoneWithinFiveSeconds() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await makeAccount(workspace.admin, "acme")
            let (user, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Reader"])
            #expect(try await rep.accounts.getAccount(GetAccountRequest(id: account.id)).record?.phone != nil)

            var role = try #require(
                try await workspace.admin.roles.getRole(GetRoleRequest(id: try await workspace.roleID("Reader"))).record
            )
            role.fieldPolicies = [Contracts.FieldPolicy(object: "account", field: "phone", access: FieldAccess.none)]
            _ = try await workspace.admin.roles.updateRole(
                UpdateRoleRequest(record: role, updateMask: ["field_policies"]))
            try await eventually("the field is hidden", within: .seconds(5)) {
                try await rep.accounts.getAccount(GetAccountRequest(id: account.id)).record?.phone == nil
            }
            _ = try await workspace.admin.users.updateUser(
                UpdateUserRequest(record: User(id: user.id), updateMask: ["role_ids"]))
            try await eventually("the right is gone", within: .seconds(5)) {
                do {
                    _ = try await rep.accounts.listAccounts(ListAccountsRequest())
                    return false
                } catch let error as RPCError where error.reason == "PERMISSION_MISSING" {
                    return error.code == .permissionDenied
                }
            }
            _ = try await workspace.admin.users.updateUser(
                UpdateUserRequest(record: User(id: user.id, disabled: true), updateMask: ["disabled"]))
            try await eventually("the session ends", within: .seconds(5)) {
                do {
                    _ = try await rep.authentication.getSelf(GetSelfRequest())
                    return false
                } catch let error as RPCError where error.code == .unauthenticated {
                    return error.reason == "SESSION_INVALID"
                }
            }
            let signIn = try await refusal { try await workspace.connect("rep@\(workspace.name).example") }
            #expect(signIn.reason == "SIGN_IN_FAILED")
            await rep.close()
            await workspace.close()
        }
    }
}
