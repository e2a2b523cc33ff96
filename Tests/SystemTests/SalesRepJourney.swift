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
    /// A day of a sales rep: customers, deals, the board; and what happens to deals when their customers go.
    @Suite(.serialized) struct SalesRepJourney {
        @Test func fromTheFirstCallToTheWonDeal() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let (user, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            let account = try #require(
                try await rep.accounts.createAccount(
                    CreateAccountRequest(
                        record: Account(
                            displayName: "Müller & 北京 GmbH", phone: "+49301234567", city: "Berlin", countryCode: "DE",
                            annualRevenue: Money(currencyCode: "EUR", minorUnits: 12_000_000)))
                ).record)
            #expect(account.version == 1)
            #expect(account.ownerID == user.id)
            #expect(account.departmentID == user.departmentID)
            let contact = try await makeContact(rep)
            _ = try await rep.accountContacts.createAccountContact(
                CreateAccountContactRequest(
                    record: AccountContact(
                        accountID: account.id, contactID: contact.id, role: "decision maker", primaryContact: true)))
            let deal = try #require(
                try await rep.deals.createDeal(
                    CreateDealRequest(
                        record: Deal(
                            displayName: "Ten desks", accountID: account.id, contactID: contact.id,
                            amount: Money(currencyCode: "EUR", minorUnits: 250_000), closeDate: "2027-03-31"))
                ).record)
            let activity = try await rep.activities.createActivity(
                CreateActivityRequest(
                    record: Activity(
                        kind: .call, subject: "First call", direction: .outbound, durationSeconds: 300,
                        accountID: account.id, contactID: contact.id, dealID: deal.id))
            ).record
            #expect(activity?.occurTime != nil)
            try await walkTheBoard(rep, deal)
            await rep.close()
            await workspace.close()
        }

        @Test func aBoardMayBeFilteredByText() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let (_, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            for units: Int64 in [10, 100, 1000] {
                _ = try await rep.deals.createDeal(
                    CreateDealRequest(
                        record: Deal(
                            displayName: "Deal of \(units)", amount: Money(currencyCode: "EUR", minorUnits: units))))
            }
            let board = try await rep.deals.getBoard(
                GetBoardRequest(filterExpression: "amount.minor_units > 50", dealsPerStage: 5))
            let first = try #require(board.columns.first)
            #expect(first.dealCount == 2)
            #expect(first.sums == [MoneySum(currencyCode: "EUR", minorUnits: 1100)])
            #expect(Set(first.deals.compactMap(\.displayName)) == ["Deal of 100", "Deal of 1000"])
            await rep.close()
            await workspace.close()
        }

        private func makeContact(_ rep: StewardConnection) async throws -> Contact {
            let points = [
                ContactPoint(kind: .email, value: "erika@mueller.example", label: "work", primary: true),
                ContactPoint(kind: .mobile, value: "+491712345678"),
            ]
            let created = try await rep.contacts.createContact(
                CreateContactRequest(
                    record: Contact(givenName: "Erika", familyName: "Müller", contactPoints: points))
            ).record
            #expect(created?.contactPoints.map(\.value) == points.map(\.value))
            #expect(created?.contactPoints.first?.primary == true)
            return try #require(created)
        }

        /// Board → stages → history.
        private func walkTheBoard(_ rep: StewardConnection, _ deal: Deal) async throws {
            let board = try await rep.deals.getBoard(GetBoardRequest())
            #expect(board.columns.map(\.displayName) == ["Qualified", "Proposal", "Negotiation", "Won", "Lost"])
            #expect(board.columns.map(\.dealCount) == [1, 0, 0, 0, 0])
            #expect(board.columns[0].sums == [MoneySum(currencyCode: "EUR", minorUnits: 250_000)])
            #expect(board.columns[0].weightedSums == [MoneySum(currencyCode: "EUR", minorUnits: 50_000)])
            #expect(board.columns[0].deals.map(\.id) == [deal.id])
            #expect(deal.stageID == board.columns[0].stageID)
            let won = try #require(board.columns.first { $0.category == .won }?.stageID)
            let lost = try #require(board.columns.first { $0.category == .lost }?.stageID)

            let noReason = try await refusal {
                try await rep.deals.moveDealStage(
                    MoveDealStageRequest(id: deal.id, stageID: lost, version: deal.version))
            }
            #expect(noReason.code == .invalidArgument)
            #expect(noReason.fieldViolations.map(\.field) == ["outcome_reason"])
            let moved = try await rep.deals.moveDealStage(
                MoveDealStageRequest(id: deal.id, stageID: won, version: deal.version, outcomeReason: "best price")
            ).deal
            #expect(moved?.stageID == won)
            #expect(moved?.version == 2)
            let stale = try await refusal {
                try await rep.deals.moveDealStage(
                    MoveDealStageRequest(id: deal.id, stageID: lost, version: 1, outcomeReason: "too late"))
            }
            #expect(stale.code == .aborted)
            let history = try await rep.deals.listStageHistory(ListStageHistoryRequest(id: deal.id)).changes
            #expect(history.map(\.toStageID) == [won, deal.stageID])
            #expect(history.map(\.fromStageID) == [deal.stageID, nil])
            let after = try await rep.deals.getBoard(GetBoardRequest())
            #expect(after.columns.map(\.dealCount) == [0, 0, 0, 1, 0])
        }

        @Test func aDealKeepsItsCustomerWhenThatIsDeleted() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let rep = workspace.admin
            let unknown = try await refusal {
                try await rep.deals.createDeal(
                    CreateDealRequest(record: Deal(displayName: "Nobody's", accountID: RecordID.make().text)))
            }
            #expect(unknown.code == .invalidArgument)
            #expect(unknown.reason == "REFERENCE_NOT_FOUND")
            #expect(unknown.fieldViolations.map(\.field) == ["deal.account_id"])
            #expect(try await rep.deals.listDeals(ListDealsRequest()).records.isEmpty)

            let account = try await rep.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Here today"))
            ).record
            let deal = try await rep.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Desk", accountID: account?.id))
            ).record
            _ = try await rep.accounts.deleteAccount(DeleteAccountRequest(id: account?.id))
            // The deal tells the truth about what was sold to whom, and can still be worked on.
            let kept = try await rep.deals.getDeal(GetDealRequest(id: deal?.id)).record
            #expect(kept?.accountID == account?.id)
            let updated = try await rep.deals.updateDeal(
                UpdateDealRequest(record: Deal(id: deal?.id, displayName: "Two desks"), updateMask: ["display_name"])
            ).record
            #expect(updated?.displayName == "Two desks")
            // But nothing new is sold to it.
            let gone = try await refusal {
                try await rep.deals.createDeal(
                    CreateDealRequest(record: Deal(displayName: "Third desk", accountID: account?.id)))
            }
            #expect(gone.reason == "REFERENCE_NOT_FOUND")
            _ = try await rep.accounts.restoreAccount(RestoreAccountRequest(id: account?.id))
            _ = try await rep.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Third desk", accountID: account?.id)))
            await workspace.close()
        }

        @Test func withoutTheCustomerServiceTheRestGoesOn() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let rep = workspace.admin
            let account = try await rep.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Reachable"))
            ).record
            let deal = try await rep.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Desk", accountID: account?.id))
            ).record
            try await steward.customer.stop()
            let refused = try await refusal {
                try await rep.deals.createDeal(
                    CreateDealRequest(record: Deal(displayName: "Chair", accountID: account?.id)))
            }
            #expect(refused.code == .unavailable)
            #expect(refused.reason == "REFERENCE_CHECK_UNAVAILABLE")
            // In the words of users: they know no programs.
            #expect(refused.message.hasPrefix("The service for accounts, contacts and activities cannot check"))
            #expect(refused.retryDelay != nil)
            let down = try await refusal { try await rep.accounts.getAccount(GetAccountRequest(id: account?.id)) }
            #expect(down.code == .unavailable)
            // What needs no customer works.
            _ = try await rep.deals.createDeal(CreateDealRequest(record: Deal(displayName: "Lamp")))
            #expect(try await rep.deals.getDeal(GetDealRequest(id: deal?.id)).record?.accountID == account?.id)
            #expect(try await rep.deals.getBoard(GetBoardRequest()).columns.first?.dealCount == 2)
            #expect(try await rep.users.listUsers(ListUsersRequest()).records.count == 1)

            try await steward.customer.start()
            let created = try await eventually("the deal can be created") {
                do {
                    return try await rep.deals.createDeal(
                        CreateDealRequest(record: Deal(displayName: "Chair", accountID: account?.id))
                    ).record
                } catch let error as RPCError where error.code == .unavailable {
                    return nil
                }
            }
            #expect(created.accountID == account?.id)
            #expect(try await rep.deals.listDeals(ListDealsRequest(includeCount: true)).count?.value == 3)
            await workspace.close()
            try await steward.stop()
        }
    }
}
