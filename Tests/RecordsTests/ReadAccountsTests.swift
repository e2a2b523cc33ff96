import Tenancy
import Testing

@testable import Records

/// How budgets of rows are taken and used up, without a database.
struct ReadAccountsTests {
    private let owner = ReadAccounts.Owner(tenant: TenantID(.make()), user: UserID(.make()))

    private func terms(_ rowsMax: Int64, day: Int = 1) -> ReadAccounts.Terms {
        ReadAccounts.Terms(day: CalendarDay(daysSince1970: day), rowsMax: rowsMax)
    }

    @Test func blocksAreTakenAndUsed() {
        var accounts = ReadAccounts()
        let terms = terms(20_000)
        #expect(accounts.take(50, of: owner, terms) == .ask(1_000))
        accounts.add(1_000, of: 1_000, to: owner, terms)
        for _ in 0..<20 { #expect(accounts.take(50, of: owner, terms) == .taken(50)) }
        #expect(accounts.take(1, of: owner, terms) == .ask(1_000))
    }

    @Test func aCallThatIsLargerThanABlockAsksForAllOfIt() {
        var accounts = ReadAccounts()
        #expect(accounts.take(1_000, of: owner, terms(100)) == .ask(1_000))
        #expect(accounts.take(1, of: owner, terms(3)) == .ask(1))
    }

    @Test func theLastRowsAreGivenAndThenNone() {
        var accounts = ReadAccounts()
        let terms = terms(100)
        accounts.add(30, of: 50, to: owner, terms)
        #expect(accounts.take(50, of: owner, terms) == .taken(30))
        #expect(accounts.take(50, of: owner, terms) == .spent)
        accounts.giveBack(10, to: owner, terms)
        #expect(accounts.take(50, of: owner, terms) == .taken(10))
        #expect(accounts.take(1, of: owner, terms) == .spent)
    }

    @Test func anotherDayAndAnotherLimitBeginAnew() {
        var accounts = ReadAccounts()
        accounts.add(0, of: 50, to: owner, terms(100))
        #expect(accounts.take(1, of: owner, terms(100)) == .spent)
        #expect(accounts.take(1, of: owner, terms(100, day: 2)) == .ask(5))
        #expect(accounts.take(1, of: owner, terms(200)) == .ask(10))
        // What was taken on other terms is not given back to these.
        accounts.giveBack(5, to: owner, terms(100))
        #expect(accounts.take(1, of: owner, terms(200)) == .ask(10))
        #expect(accounts.take(1, of: owner, terms(0)) == .spent)
    }

    @Test func usersAreForgottenAndNotKeptForEver() {
        var accounts = ReadAccounts()
        let terms = terms(100)
        var owners: [ReadAccounts.Owner] = []
        for _ in 0...ReadAccounts.countMax {
            owners.append(ReadAccounts.Owner(tenant: owner.tenant, user: UserID(.make())))
            accounts.add(5, of: 5, to: owners[owners.count - 1], terms)
        }
        let kept = owners.filter { owner in
            var accounts = accounts
            return accounts.take(5, of: owner, terms) == .taken(5)
        }
        #expect(kept.count < ReadAccounts.countMax && kept.last == owners.last)
    }
}
