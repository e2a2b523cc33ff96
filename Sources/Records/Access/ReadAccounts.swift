import AccessControl
import Tenancy

/// What this process has taken of the budgets of users and not used yet. No clock and no database.
struct ReadAccounts {
    struct Owner: Hashable, Sendable {
        let tenant: TenantID
        let user: UserID
    }

    /// What holds at a moment; other terms make a new account.
    struct Terms: Hashable, Sendable {
        /// In UTC.
        let day: CalendarDay
        let rowsMax: Int64
    }

    enum Outcome: Equatable {
        case taken(Int)
        /// A block of this size is to be taken for all.
        case ask(Int)
        /// Nothing is left for the day.
        case spent
    }

    private struct Account {
        let terms: Terms
        var left = 0
        var isSpent = false
    }

    /// Most users whose budgets are in memory. One that is dropped loses a block.
    static let countMax = 20_000
    /// The part of a limit that is taken at a time …
    static let blocksPerDay: Int64 = 20
    /// … and the most.
    static let blockMax: Int64 = 1_000

    private var accounts: [Owner: Account] = [:]

    mutating func take(_ count: Int, of owner: Owner, _ terms: Terms) -> Outcome {
        var account = account(of: owner, terms)
        let taken = min(count, account.left)
        guard taken == count || (account.isSpent && taken > 0) else {
            guard !account.isSpent, terms.rowsMax > 0 else { return .spent }
            return .ask(max(count - account.left, Int(min(terms.rowsMax / Self.blocksPerDay, Self.blockMax)), 1))
        }
        account.left -= taken
        set(account, of: owner)
        return .taken(taken)
    }

    /// - Parameter block: what was asked for; less was there when the budget of the day is used up.
    mutating func add(_ given: Int, of block: Int, to owner: Owner, _ terms: Terms) {
        var account = account(of: owner, terms)
        account.left += given
        account.isSpent = account.isSpent || given < block
        set(account, of: owner)
    }

    mutating func giveBack(_ count: Int, to owner: Owner, _ terms: Terms) {
        guard var account = accounts[owner], account.terms == terms else { return }
        account.left += count
        accounts[owner] = account
    }

    private func account(of owner: Owner, _ terms: Terms) -> Account {
        guard let account = accounts[owner], account.terms == terms else { return Account(terms: terms) }
        return account
    }

    private mutating func set(_ account: Account, of owner: Owner) {
        if accounts[owner] == nil, accounts.count >= Self.countMax { makeRoom(on: account.terms.day) }
        accounts[owner] = account
    }

    /// Those of other days go; where that is not enough, any.
    private mutating func makeRoom(on day: CalendarDay) {
        accounts = accounts.filter { $0.value.terms.day >= day }
        guard accounts.count >= Self.countMax else { return }
        for owner in accounts.keys.prefix(Self.countMax / 10) { accounts[owner] = nil }
    }
}

extension ReadAccounts.Owner {
    /// Nil where no user calls.
    init?(_ call: RecordCall) {
        guard case .user(let user) = call.actor.actor else { return nil }
        self.init(tenant: call.actor.tenantID, user: user)
    }
}

extension ReadAccounts.Terms {
    init(_ call: RecordCall) {
        self.init(day: Self.day(of: call.now), rowsMax: call.policy.settings.readRowsPerDayMax)
    }

    private static let microsecondsPerDay: Int64 = 86_400_000_000

    private static func day(of time: Timestamp) -> CalendarDay {
        let (days, rest) = time.microseconds.quotientAndRemainder(dividingBy: microsecondsPerDay)
        return CalendarDay(daysSince1970: Int(days) - (rest < 0 ? 1 : 0))
    }

    /// When the next budget begins.
    var resetTime: Timestamp {
        Timestamp(microseconds: Int64(day.daysSince1970 + 1) * Self.microsecondsPerDay)
    }
}
