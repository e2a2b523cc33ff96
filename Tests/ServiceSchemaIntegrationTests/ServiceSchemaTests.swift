import Migrations
import Postgres
import Records
import ServiceHost
import Tenancy
import TenantDatabase
import TestPostgres
import Testing

@testable import CustomerService
@testable import SalesService

/// Every record type that customer and sales declare, compared with the tables that their migrations make.
@Suite struct ServiceSchemaTests {
    @Test func customerDeclarationsFitTheTables() async throws { try await compare(CustomerService.definition) }

    @Test func salesDeclarationsFitTheTables() async throws { try await compare(SalesService.definition) }

    /// A new workspace begins with a pipeline to sell in.
    @Test func aNewTenantHasADefaultPipeline() async throws {
        let postgres = try await TestPostgres.shared()
        let rows = try await postgres.withTenant(SalesMigrations.stream) { tenant in
            let database = TenantDatabase(
                service: .sales, databases: postgres.databases(.sales), placements: SinglePlacement(),
                schemaVersions: 1...SalesMigrations.stream.version)
            return try await database.read(
                tenant.caller, deadline: TestPostgres.deadline(),
                Statement(
                    """
                    SELECT s.display_name, s.probability_percent FROM {schema}.stages s
                    JOIN {schema}.pipelines p ON p.id = s.pipeline_id WHERE p.default_pipeline ORDER BY s.position
                    """), Parameters())
        }
        #expect(try rows.map { try $0.string(0) } == ["Qualified", "Proposal", "Negotiation", "Won", "Lost"])
        #expect(try rows.map { try $0.int64(1) } == [20, 50, 80, 100, 0])
    }

    /// Whatever made a record: what is in a new schema from the start is in its ledger.
    @Test func whatANewTenantBeginsWithIsInItsLedger() async throws {
        let postgres = try await TestPostgres.shared()
        for service in [CustomerService.definition, SalesService.definition] {
            try await postgres.withTenant(service.stream) { tenant in
                let database = service.database(postgres.databases(service.name), placements: SinglePlacement())
                for type in service.records {
                    let rows = try await database.read(
                        tenant.caller, deadline: TestPostgres.deadline(),
                        Statement(
                            unsafeGenerated: """
                                SELECT count(*) FROM {schema}.\(type.table) r WHERE NOT EXISTS (
                                    SELECT FROM {schema}.ledger l WHERE l.object = '\(type.object)'
                                        AND l.record_id = r.id AND l.record_version = 1)
                                """), Parameters())
                    #expect(try rows.one().int64(0) == 0, "\(type.object)")
                }
            }
        }
    }

    private func compare(_ service: ServiceDefinition) async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(service.stream) { tenant in
            let database = service.database(postgres.databases(service.name), placements: SinglePlacement())
            for type in service.records {
                var parameters = Parameters()
                parameters.append(tenant.schema(service.name).name)
                parameters.append(type.table)
                let results = try await database.batch(
                    tenant.caller, deadline: TestPostgres.deadline(),
                    [(SchemaCheck.columns, parameters), (SchemaCheck.constraints, parameters)])
                let problems = try SchemaCheck.problems(of: type, columns: results[0], constraints: results[1])
                #expect(problems == [], "\(type.object)")
            }
        }
    }
}
