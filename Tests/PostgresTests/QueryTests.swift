import Tenancy
import Testing

@testable import Postgres

@Suite struct QueryTests {
    private let schema = TenantSchema(tenantID: TenantID(RecordID(high: 0, low: 1)), service: .sales)!

    @Test func valuesAreBoundInTheirOrder() {
        let (id, text) = (RecordID(high: 0, low: 1), "'; DROP TABLE deals; --")
        let query: Query = "SELECT \(id) FROM {schema}.deals WHERE name = \(text) AND n < \(Int64(7)) LIMIT 1"
        #expect(
            query.statement.text(for: schema)
                == "SELECT $1 FROM \(schema.name).deals WHERE name = $2 AND n < $3 LIMIT 1")
        var expected = Parameters()
        expected.append(id)
        expected.append(text)
        expected.append(Int64(7))
        #expect(query.parameters.bytes == expected.bytes)
        #expect(query.parameters.entries.map(\.type) == [.uuid, .text, .int8])
    }

    @Test func whatIsNotThereIsNullOfItsType() {
        let query: Query = "SELECT \(nil as RecordID?), \(nil as String?), \(nil as Timestamp?)"
        #expect(query.parameters.entries.map(\.type) == [.uuid, .text, .timestamptz])
        #expect(query.parameters.entries.allSatisfy { $0.length == -1 })
    }

    /// A connection prepares a statement once.
    @Test func equalTextsAreOneStatement() {
        func query(_ id: RecordID) -> Query { "SELECT 1 WHERE \(id) IS NOT NULL" }
        #expect(query(.make()).statement.id == query(.make()).statement.id)
        let other: Query = "SELECT 2"
        #expect(other.statement.id != query(.make()).statement.id)
    }
}
