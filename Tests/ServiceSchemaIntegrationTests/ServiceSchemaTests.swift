import CustomerService
import Postgres
import Records
import SalesService
import ServiceHost
import TestService
import Testing

/// Every record type that customer and sales declare, compared with the tables that their migrations make.
@Suite struct ServiceSchemaTests {
    @Test func customerDeclarationsFitTheTables() async throws { try await compare(CustomerService.definition) }

    @Test func salesDeclarationsFitTheTables() async throws { try await compare(SalesService.definition) }

    /// A new workspace begins with a pipeline to sell in.
    @Test func aNewTenantHasADefaultPipeline() async throws {
        try await TestService.run(SalesService.definition) { service in
            let rows = try await service.sql(
                """
                SELECT s.display_name, s.probability_percent FROM {schema}.stages s
                JOIN {schema}.pipelines p ON p.id = s.pipeline_id WHERE p.default_pipeline ORDER BY s.position
                """)
            let (names, percents) = (try rows.map { try $0.string(0) }, try rows.map { try $0.int64(1) })
            #expect(names == ["Qualified", "Proposal", "Negotiation", "Won", "Lost"])
            #expect(percents == [20, 50, 80, 100, 0])
        }
    }

    /// Whatever made a record: what is in a new schema from the start is in its ledger.
    @Test func whatANewTenantBeginsWithIsInItsLedger() async throws {
        for definition in [CustomerService.definition, SalesService.definition] {
            try await TestService.run(definition) { service in
                for type in definition.records {
                    let untold = try await service.number(
                        """
                        SELECT count(*) FROM \(type.qualifiedTable) r WHERE NOT EXISTS (
                            SELECT FROM {schema}.ledger l WHERE l.object = '\(type.object)'
                                AND l.record_id = r.id AND l.record_version = 1)
                        """)
                    #expect(untold == 0, "\(type.object)")
                }
            }
        }
    }

    private func compare(_ definition: ServiceDefinition) async throws {
        try await TestService.run(definition) { service in
            for type in definition.records + definition.mirrors {
                let problems = try await service.problems(of: type)
                #expect(problems == [], "\(type.object)")
            }
        }
    }
}
