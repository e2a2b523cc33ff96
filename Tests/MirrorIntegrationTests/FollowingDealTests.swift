import AccessControl
import Contracts
import CustomerContracts
import RPC
import SalesContracts
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// Deals follow the shares of their accounts as far as Sales has heard of these: late shares less, and what is gone leads nowhere.
@Suite struct FollowingDealTests {
    private static func keep(_ service: TestService) async throws {
        let keeper = SharingKeeper(
            service.engine, doing: service.sharing.shareRecord,
            for: Purpose("apply_sharing_rules", needs: "account.read", "account.update", "deal.read", "deal.update"),
            logger: service.postgres.logger)
        while try await keeper.step(service.tenant.id, deadline: .after(.seconds(8))) {}
    }

    @Test func dealsFollowTheirAccounts() async throws {
        try await Neighbours.run { world in
            let (customer, sales) = (world.customer, world.sales)
            let actions = ["read", "create", "update", "delete"]
            let user = customer.makeUser(["account", "deal"].flatMap { object in actions.map { (object, $0, .own) } })
            let direct = RecordID.make()
            customer.set(rules: [
                AccessControl.PolicySharingRule(
                    id: .make(), selection: direct, object: "account", filter: "region = Bayern",
                    shares: [Share(.user(user), allowsWriting: false, end: nil)]),
                AccessControl.PolicySharingRule(
                    id: .make(), selection: .make(), object: "deal", filter: "id is set",
                    following: ParentShare("account", allowsWriting: true)),
            ])
            sales.adopt(customer)
            let acme = try await customer.create(Account(displayName: "Acme"))
            let id = try #require(RecordID(acme.id ?? ""))
            sales.foreign.make("account", id)
            let deal = try await sales.create(Deal(displayName: "Anvils", accountID: id.text))
            try await sales.create(Deal(displayName: "Of nobody"))
            func settle() async throws {
                try await world.settle()
                try await Self.keep(sales)
            }
            /// Reads, changes.
            func his() async throws -> [Bool] {
                [
                    try await sales.list(Deal.self, as: user).map(\.id) == [deal.id],
                    try await refusal { try await sales.get(deal, as: user) } == nil,
                    try await refusal {
                        try await sales.update(Deal(id: deal.id, displayName: "\(RecordID.make())"), as: user)
                    } == nil,
                ]
            }
            let (none, reads, writes) = ([false, false, false], [true, true, false], [true, true, true])
            try await settle()
            var seen = [try await his()]
            try await customer.share("account", acme.id, RecordShare(with: user))
            try await settle()
            seen.append(try await his())
            try await customer.share("account", acme.id, RecordShare(with: user, .write))
            try await settle()
            seen.append(try await his())
            let explained = try await sales.explain("deal", deal.id, of: user)
            #expect(explained["update"]?.allowed == true && explained["delete"]?.allowed == false)
            let refused = try await denial { try await sales.delete(deal, as: user) }
            #expect(refused.reason == "RECORD_OUT_OF_SCOPE")
            #expect(seen == [none, reads, writes])
            // No standing work is needed to end it: the mirror is.
            try await customer.unshare("account", acme.id, user: user)
            try await world.settle()
            let after = try await his()
            // A rule of accounts leads to their deals, and so does no account that is deleted.
            try await customer.update(Account(id: acme.id, region: "Bayern"))
            try await Self.keep(customer)
            try await settle()
            let ruled = try await his()
            try await customer.delete(acme)
            try await world.settle()
            let deleted = try await his()
            #expect([after, ruled, deleted] == [none, reads, none])
        }
    }
}
