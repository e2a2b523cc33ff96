import AccessControl
import Contracts
import CustomerContracts
import IdentityContracts
import Postgres
import SalesContracts
import Tenancy
import TestService
import Testing

@testable import Records

@Suite struct LookupStatementsTests {
    private let schema = TenantSchema(tenantID: TenantID(.make()), service: .customer)

    /// The condition of a statement, and how many parameters are bound.
    private func form(
        _ statement: KeyPath<LookupStatements, ScopedStatement>, _ lifetime: Lifetime, _ scope: ScopePredicate,
        of type: RecordType = SampleService.account
    ) throws -> (String, Int) {
        var parameters = Parameters()
        parameters.append(RecordID.make())
        let text = type.lookups[keyPath: statement].statement(lifetime, scope, of: type, &parameters)
            .text(for: schema)
        let place = try #require(text.firstRange(of: " WHERE "))
        return (String(text[place.upperBound...]), parameters.count)
    }

    @Test func eachScopeHasItsForm() throws {
        let user = UserID(.make())
        #expect(try form(\.get, .any, .all) == ("id = $1", 1))
        #expect(try form(\.get, .living, .all) == ("id = $1 AND deleted_at IS NULL", 1))
        #expect(try form(\.get, .deleted, .none) == ("id = $1 AND deleted_at IS NOT NULL AND false", 1))
        #expect(try form(\.lock, .any, .owner(user)) == ("id = $1 AND owner_id = $2 FOR UPDATE", 2))
        #expect(
            try form(\.batchGet, .living, .ownerOrUnits(user, [.make()]))
                == ("id = ANY ($1) AND deleted_at IS NULL AND (owner_id = $2 OR department_id = ANY ($3))", 3))
        #expect(
            try form(\.existingShared, .living, .all) == (
                "id = ANY ($1) AND deleted_at IS NULL ORDER BY id FOR SHARE", 1
            ))
    }

    @Test func whatIsSharedIsSeenBesideTheScope() throws {
        let entry = RecordEntry(
            object: "account", plural: "accounts", ownership: .owned, category: .personal,
            message: SavedView.descriptor, service: SavedView.entry.service, methods: SavedView.entry.methods)
        let view = RecordType(
            entry, table: "views", fields: [],
            sharing: ReaderRule(
                everybody: "shared_with_all", departments: "shared_department_ids", roles: "shared_role_ids"))
        let (user, units) = (UserID(.make()), [RecordID.make()])
        let audience = Audience(user: user, unit: nil, units: [.make()], roles: [.make()])
        let shared = " OR shared_with_all IS TRUE OR shared_department_ids &&"
        #expect(
            try form(\.get, .any, .shared(.owner(user), with: audience, for: .reading), of: view)
                == ("id = $1 AND (owner_id = $2\(shared) $3 OR shared_role_ids && $4)", 4))
        #expect(
            try form(\.get, .any, .shared(.ownerOrUnits(user, units), with: audience, for: .reading), of: view) == (
                "id = $1 AND (owner_id = $2 OR department_id = ANY ($3)\(shared) $4 OR shared_role_ids && $5)", 5
            ))
        #expect(try form(\.get, .any, .owner(user), of: view) == ("id = $1 AND owner_id = $2", 2))
        // Of a type that is not shared, the same is the scope alone.
        let declared = RecordType(
            Account.self, fields: [],
            sharing: ReaderRule(everybody: "display_name", departments: "owner_id", roles: "owner_id"))
        #expect(declared.problems.contains { $0.contains("by which it is shared") })
    }

    @Test func sharedRecordsAreSeenByAllOrNobody() throws {
        let shared = RecordType(
            Pipeline.self, fields: [])
        #expect(try form(\.get, .any, .owner(UserID(.make())), of: shared) == ("id = $1 AND false", 1))
        #expect(try form(\.get, .any, .all, of: shared) == ("id = $1", 1))
    }

    @Test func callersWithTheSameFormShareTheStatement() {
        func get(_ user: UserID) -> Statement {
            var parameters = Parameters()
            parameters.append(RecordID.make())
            return SampleService.account.lookups.get.statement(
                .living, .owner(user), of: SampleService.account, &parameters)
        }
        #expect(get(UserID(.make())) === get(UserID(.make())))
    }
}
