import CustomerService
import Postgres
import SalesService
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

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

    /// What names a record of a purged type and is not declared would make its purge fail, and what belongs to it would be left.
    @Test func everyForeignKeyIsKnownToThePurge() async throws {
        for definition in [CustomerService.definition, SalesService.definition] {
            try await TestService.run(definition) { service in
                let schema = service.tenant.schema(definition.name).name
                let rows = try await service.postgres.rows(
                    """
                    SELECT source.relname::text, attname::text, target.relname::text, confdeltype::text
                    FROM pg_constraint JOIN pg_class source ON source.oid = conrelid JOIN pg_class target ON target.oid = confrelid
                    JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY (conkey)
                    WHERE contype = 'f' AND source.relnamespace = '\(schema)'::regnamespace
                    """)
                let found = Set(
                    try rows.map { row in
                        let goes = try row.string(3) == "c" ? "goes with" : "keeps"
                        return try "\(row.string(0)).\(row.string(1)) \(goes) \(row.string(2))"
                    })
                let declared = definition.records.flatMap { type in
                    type.purge.keptBy.map { "\($0.table).\($0.column) keeps \(type.table)" }
                        + type.purge.belongings.map { "\($0.table).\($0.column) goes with \(type.table)" }
                        + definition.records.flatMap { other in
                            type.references(to: other).map { "\(type.table).\($0.column) keeps \(other.table)" }
                        }
                }
                // deals_stage_id_fkey has the pipeline as its second column.
                #expect(found.subtracting(declared).subtracting(["deals.pipeline_id keeps stages"]) == [])
                #expect(Set(declared).subtracting(found) == [])
                // Whoever names a record is found by an index, deleted or not: else each record that goes costs a look at all rows.
                let unfound = try await service.postgres.rows(
                    """
                    SELECT conname::text FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
                    WHERE contype = 'f' AND connamespace = '\(schema)'::regnamespace AND NOT EXISTS (
                        SELECT FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND (indpred IS NULL
                            OR pg_get_expr(indpred, indrelid) = format('(%I IS NOT NULL)', attname)))
                    """
                ).map { try $0.string(0) }
                #expect(unfound == [])
                for type in definition.records {
                    let index = try await service.postgres.rows(
                        "SELECT indexdef::text FROM pg_indexes WHERE schemaname = '\(schema)' AND indexname = '\(type.table)_deleted_at_idx'"
                    )
                    let keys = type.isTemplate ? "object_number, deleted_at, id" : "deleted_at, id"
                    #expect(
                        try index.first?.string(0).hasSuffix("(\(keys)) WHERE (deleted_at IS NOT NULL)") == true,
                        "\(type.object)")
                }
            }
        }
    }

    /// An index on another expression than filters ask for would be there and be of no use.
    @Test func partsAreIndexedAsFiltersAskForThem() async throws {
        for definition in [CustomerService.definition, SalesService.definition] {
            try await TestService.run(definition) { service in
                let schema = service.tenant.schema(definition.name).name
                func index(_ name: String) async throws -> String? {
                    try await service.postgres.rows(
                        "SELECT indexdef::text FROM pg_indexes WHERE schemaname = '\(schema)' AND indexname = '\(name)'"
                    ).first?.string(0)
                }
                let types = (definition.records + definition.mirrors).filter { $0.partIndex != nil }
                for type in types {
                    let part = try #require(type.partIndex)
                    for command in [
                        "CREATE TABLE \(schema).copies (LIKE \(schema).\(type.table))",
                        "CREATE INDEX copies_parts_idx ON \(schema).copies \(part.definition)",
                    ] { _ = try await service.postgres.rows(command) }
                    let wanted = try await index("copies_parts_idx")?.replacing("copies", with: type.table)
                    let found = try await index(part.name)
                    #expect(found != nil && found == wanted)
                    _ = try await service.postgres.rows("DROP TABLE \(schema).copies")
                }
                let all = try await service.postgres.rows(
                    "SELECT count(*) FROM pg_indexes WHERE schemaname = '\(schema)' AND indexname LIKE '%\\_parts\\_idx'"
                )
                #expect(try all.one().int64(0) == Int64(types.count))
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
