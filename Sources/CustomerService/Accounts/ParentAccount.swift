import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// The tree of accounts.
enum ParentAccount {
    /// Most levels of accounts above an account: the walk up is bounded, and no real group of companies is deeper.
    static let depthMax = 32

    /// Refuses a parent below the account itself, and trees that are too deep.
    @Sendable static func refuseCycle(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind == .create || change.kind == .update, change.changes("parent_account_id"),
            let parent = change.after.id("parent_account_id"), let account = change.after.id("id")
        else { return }
        var parameters = Parameters()
        parameters.append(parent)
        parameters.append(Int32(depthMax))
        // The account itself is locked already. With the chain above it locked, too, two moves at once that would close a
        // ring wait for each other, and PostgreSQL ends one of them; the chain is read again once it is held. What is new
        // can be in no chain yet.
        var rows = try await transaction.query(ancestors, parameters)
        if change.kind == .update { rows = try await transaction.query(ancestors, parameters) }
        guard try rows.allSatisfy({ try $0.id(0) != account }), parent != account else {
            throw RPCError.failedPrecondition(
                "ACCOUNT_CYCLE", "The parent account is part of this account; choose one that is not below it.",
                domain: "customer")
        }
        guard try await rows.count + levels(from: account, change, transaction) <= depthMax else {
            throw RPCError.failedPrecondition(
                "ACCOUNT_TREE_TOO_DEEP", "Accounts are nested at most \(depthMax) deep; choose a parent further up.",
                domain: "customer")
        }
    }

    /// The levels that the account brings along: its own and those below it.
    private static func levels(
        from account: RecordID, _ change: RecordChange, _ transaction: RecordTransaction
    ) async throws -> Int {
        if change.kind == .create { return 1 }
        var parameters = Parameters()
        parameters.append(account)
        parameters.append(Int32(depthMax))
        let row = try await transaction.query(descendants, parameters).one()
        transaction.context.cost += UInt32(clamping: try row.int64(1) / accountsPerUnit)
        return Int(try row.int32(0))
    }

    /// Accounts below one that are looked through in the time of a Get.
    private static let accountsPerUnit: Int64 = 50

    /// The levels of the tree below the account $1, itself included, as far as $2.
    private static let descendants = Statement(
        """
        WITH RECURSIVE descendants (id, depth) AS (
            SELECT $1::uuid, 1
            UNION ALL
            SELECT a.id, d.depth + 1
            FROM {schema}.accounts a JOIN descendants d ON a.parent_account_id = d.id
            WHERE d.depth < $2
        )
        SELECT max(depth), count(*) FROM descendants
        """)

    /// The account $1 and those above it, at most $2, locked against moves.
    private static let ancestors = Statement(
        """
        SELECT id FROM {schema}.accounts WHERE id IN (
            WITH RECURSIVE ancestors (id, parent_account_id, depth) AS (
                SELECT id, parent_account_id, 1 FROM {schema}.accounts WHERE id = $1
                UNION ALL
                SELECT a.id, a.parent_account_id, c.depth + 1
                FROM {schema}.accounts a JOIN ancestors c ON a.id = c.parent_account_id
                WHERE c.depth < $2
            )
            SELECT id FROM ancestors
        ) ORDER BY id FOR SHARE
        """)
}
