import Contracts
import CustomerContracts
import Postgres
import RPC
import Reactor
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing

@testable import Records

/// What a workspace is told while its scans wait for each other.
@Suite struct BusyTests {
    private static let lock = Statement("LOCK TABLE {schema}.accounts IN ACCESS EXCLUSIVE MODE")

    /// A list whose scan would be refused is refused before its filter is read, if that takes long; a short filter is read, since only
    /// its SQL tells whether it is known to be quick.
    @Test func aLongFilterIsNotReadInVain() async throws {
        try await TestService.run(SampleService.definition) { service in
            let isLocked = Atomic<Bool>(false)
            let mayGo = Atomic<Bool>(false)
            let loop = try #require(EventLoop.current)
            let holder = loop.spawn {
                try? await service.database.transaction(service.tenant.actor, deadline: TestPostgres.deadline()) {
                    sql in
                    _ = try await sql.query(Self.lock, Parameters())
                    isLocked.store(true, ordering: .relaxed)
                    while !mayGo.load(ordering: .relaxed) { await loop.takeTurn() }
                }
            }
            while !isLocked.load(ordering: .relaxed) { await loop.takeTurn() }
            // One runs, sixteen wait, and whoever is refused or has waited long enough comes again.
            let lists = (0..<20).map { number in
                loop.spawn {
                    let request = ListAccountsRequest(filterExpression: "display_name = \"\(number)\"", pageSize: 1)
                    while !mayGo.load(ordering: .relaxed) {
                        _ = try? await service.accounts().listAccounts(request)
                        await loop.takeTurn()
                    }
                }
            }
            let long = String(repeating: "display_name = \"x\" OR ", count: 40)
            func reason(_ filter: String) async throws -> String {
                let error = try await denial { try await service.list(Account.self, filter) }
                return error.reason
            }
            var seen = ""
            for _ in 0..<1_000 where seen != "WORKSPACE_BUSY" {
                seen = try await reason(long)
                await loop.takeTurn()
            }
            #expect(seen == "WORKSPACE_BUSY")
            #expect(try await reason("display_name =") == "FILTER_SYNTAX")
            mayGo.store(true, ordering: .relaxed)
            for task in lists + [holder] { await task.value }
            #expect(try await reason(long) == "FILTER_SYNTAX")
        }
    }
}
