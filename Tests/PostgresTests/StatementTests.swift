import Tenancy
import Testing

@testable import Postgres

@Suite struct StatementTests {
    private let schema = TenantSchema(tenantID: TenantID(RecordID(high: 0, low: 1)), service: .customer)!

    @Test func theSchemaFillsEverySlot() {
        let statement = Statement("SELECT * FROM {schema}.a JOIN {schema}.b USING (id)")
        let name = "t_aaaaaaaaaaaaaaaaaaaaaaaaab_cu"
        #expect(statement.text(for: schema) == "SELECT * FROM \(name).a JOIN \(name).b USING (id)")
        #expect(statement.hasSchemaSlot)
    }

    @Test func otherBracesStay() {
        let statement = Statement("SELECT '{}'::jsonb, '{schem', '{schema'")
        #expect(statement.text(for: nil) == "SELECT '{}'::jsonb, '{schem', '{schema'")
        #expect(!statement.hasSchemaSlot)
    }

    @Test func aSlotMayBeginAndEndTheText() {
        #expect(Statement("{schema}").text(for: schema) == schema.name)
    }

    @Test func eachStatementHasItsOwnID() {
        #expect(Statement("SELECT 1").id != Statement("SELECT 1").id)
    }
}

@Suite struct StatementCacheTests {
    private let statements = (0...3).map { Statement(unsafeGenerated: "SELECT \($0) FROM {schema}.things") }

    private func key(_ number: Int, _ tenant: TenantID? = nil, _ service: ServiceName = .customer) -> StatementCache.Key
    {
        StatementCache.Key(statements[number], in: tenant.map { SlotKey(tenantID: $0, service: service) })
    }

    private func use(
        _ cache: inout StatementCache, _ key: StatementCache.Key, _ entries: [Parameters.Entry] = []
    ) -> StatementCache.Lookup {
        let statement = statements.first { $0.id == key.statementID } ?? statements[0]
        return cache.use(statement, in: key.slot, entries)
    }

    private func isNew(_ lookup: StatementCache.Lookup) -> Bool {
        if case .missing = lookup { true } else { false }
    }

    @Test func findsWhatItKnowsPerTenant() {
        var cache = StatementCache(countMax: 10)
        let (one, other) = (TenantID(RecordID.make()), TenantID(RecordID.make()))
        #expect(isNew(use(&cache, key(1, one))))
        #expect(!isNew(use(&cache, key(1, one))))
        #expect(isNew(use(&cache, key(1, other))))
        #expect(isNew(use(&cache, key(1))))
    }

    /// The owner works in every schema of a tenant on one connection.
    @Test func aTenantsSchemasDoNotShareStatements() {
        var cache = StatementCache(countMax: 10)
        let tenant = TenantID(RecordID.make())
        #expect(isNew(use(&cache, key(1, tenant, .customer))))
        #expect(isNew(use(&cache, key(1, tenant, .sales))))
    }

    @Test func letsGoOfTheOneUsedLongestAgo() {
        var cache = StatementCache(countMax: 2)
        _ = use(&cache, key(1))
        _ = use(&cache, key(2))
        _ = use(&cache, key(1))
        guard case .missing(_, let evicted?) = use(&cache, key(3)) else {
            Issue.record("nothing was let go")
            return
        }
        #expect(evicted.key == key(2))
        #expect(cache.count == 2)
    }

    @Test func otherTypesMakeAnotherStatement() {
        var cache = StatementCache(countMax: 10)
        var (texts, numbers) = (Parameters(), Parameters())
        texts.append("a")
        numbers.append(Int64(1))
        _ = use(&cache, key(1), texts.entries)
        guard case .missing(let new, let evicted?) = use(&cache, key(1), numbers.entries) else {
            Issue.record("the statement was taken for the same")
            return
        }
        #expect(new.name != evicted.name)
        #expect(new.types == [.int8])
    }

    @Test func forgetsOnlyWhatItStillHolds() {
        var cache = StatementCache(countMax: 10)
        guard case .missing(let first, _) = use(&cache, key(1)) else { return }
        cache.forget(first)
        #expect(cache.count == 0)
        _ = use(&cache, key(1))
        cache.forget(first)
        #expect(cache.count == 1)
    }

    /// A successor prepares what its predecessor has, once.
    @Test func learnsWhatAnotherKnows() {
        var (known, fresh) = (StatementCache(countMax: 10), StatementCache(countMax: 10))
        let tenant = TenantID(RecordID.make())
        _ = use(&known, key(1, tenant))
        for statement in known.all {
            let learnt = fresh.learn(statement)
            let again = fresh.learn(statement)
            #expect(learnt?.new.statement === statement.statement && again == nil)
        }
        #expect(!isNew(use(&fresh, key(1, tenant))))
    }
}
