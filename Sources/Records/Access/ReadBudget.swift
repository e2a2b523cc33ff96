import AccessControl
import Postgres
import RPC
import Synchronization
import Tenancy
import TenantDatabase

/// How many records each user may still read today: whoever may not export pages through no more than that. Counted in the tenant's
/// schema, and in this process by blocks that it has taken there, so that most calls cost a look at a dictionary.
///
/// Nobody reads more than the limit, however many calls, sessions and instances he uses, in each service. He may be refused earlier: what an
/// instance has taken and not used when it ends counts as read, a twentieth of the limit at most, and so does what others hold.
/// The last block of a day counts in full, which is seen when the limit is raised afterwards.
final class ReadBudget: Sendable {
    private let database: TenantDatabase
    private let accounts = Mutex(ReadAccounts())

    init(database: TenantDatabase) { self.database = database }

    /// Takes so many records that are about to be read from the caller's budget, or as many as are left.
    ///
    /// - Returns: how many may be read, one at least. Give back those that were not.
    /// - Throws: RESOURCE_EXHAUSTED with READ_BUDGET_EXHAUSTED.
    func take(atMost count: Int, _ call: RecordCall) async throws -> Int {
        guard let owner = ReadAccounts.Owner(call), !call.mayExportAllItReads else { return count }
        let terms = ReadAccounts.Terms(call)
        while true {
            switch accounts.withLock({ $0.take(count, of: owner, terms) }) {
            case .taken(let taken): return taken
            case .spent: throw RecordErrors.readBudgetExhausted(terms, call.type)
            case .ask(let block):
                let given = try await reserve(block, of: owner, terms, call)
                accounts.withLock { $0.add(given, of: block, to: owner, terms) }
            }
        }
    }

    /// The same where a part is of no use.
    func take(all count: Int, _ call: RecordCall) async throws {
        let taken = try await take(atMost: count, call)
        guard taken < count else { return }
        giveBack(taken, call)
        throw RecordErrors.readBudgetExhausted(ReadAccounts.Terms(call), call.type)
    }

    /// Fewer were read than were taken.
    func giveBack(_ count: Int, _ call: RecordCall) {
        guard count > 0, let owner = ReadAccounts.Owner(call), !call.mayExportAllItReads else { return }
        accounts.withLock { $0.giveBack(count, to: owner, ReadAccounts.Terms(call)) }
    }

    /// Takes a block from the budget of all instances; gives what is left of it.
    private func reserve(
        _ block: Int, of owner: ReadAccounts.Owner, _ terms: ReadAccounts.Terms, _ call: RecordCall
    ) async throws -> Int {
        var parameters = Parameters()
        parameters.append(owner.user.id)
        parameters.append(terms.day)
        parameters.append(Int64(block))
        parameters.append(terms.rowsMax)
        do {
            let rows = try await database.batch(
                call.actor, at: call.policy.placement(of: database.service), deadline: call.deadline,
                [(Self.reservation, parameters)])
            guard let after = try rows[0].first?.int64(0) else { return 0 }
            return Int(min(Int64(block), max(0, terms.rowsMax - (after - Int64(block)))))
        } catch {
            throw DatabaseErrors.translate(error, call.type)
        }
    }

    /// No row when all is spent. Another instance may be in the next day already; what it has there stays.
    private static let reservation = Statement(
        """
        INSERT INTO {schema}.read_budgets AS budget (user_id, day, row_count) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT read_budgets_pkey DO UPDATE SET
            day = greatest(budget.day, excluded.day),
            row_count = excluded.row_count + CASE WHEN budget.day < excluded.day THEN 0 ELSE budget.row_count END
        WHERE budget.day < excluded.day OR budget.row_count < $4
        RETURNING row_count
        """)
}

extension RecordCall {
    /// The records that the caller may read are his to take along: they have no budget.
    fileprivate var mayExportAllItReads: Bool { access.scope(.export) >= access.scope(.read) }
}
