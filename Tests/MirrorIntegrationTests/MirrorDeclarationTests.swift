import Contracts
import CustomerContracts
import CustomerService
import SalesService
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import Records

/// What a mirror declares fits what it mirrors.
@Suite struct MirrorDeclarationTests {
    private static let services = [CustomerService.definition, SalesService.definition]

    /// The record type of the service that a mirror is of.
    private func original(_ mirror: RecordType) throws -> RecordType {
        let source = try #require(Self.services.first { $0.name == mirror.mirrored })
        return try #require(source.records.first { $0.object == mirror.object })
    }

    /// A value that the source stores and the mirror refuses would hold up all that comes after it.
    @Test func everyValueOfTheSourceFits() throws {
        for mirror in Self.services.flatMap(\.mirrors) {
            let original = try original(mirror)
            #expect(mirror.ownership == original.ownership)
            for field in mirror.fields {
                let source = try #require(original.field(field.name), "\(field.name)")
                #expect(source.columns == field.columns && source.kind.databaseTypes == field.kind.databaseTypes)
                let (limit, there) = (field.rules.text?.lengthMax, source.rules.text?.lengthMax)
                #expect(limit == there && field.rules.text?.form == source.rules.text?.form, "\(field.name)")
                #expect(field.rules.format?.lengthMax == source.rules.format?.lengthMax, "\(field.name)")
                #expect(field.rules.range == source.rules.range && field.rules.count == source.rules.count)
            }
        }
    }

    /// Nobody tells a mirror that its source does not know of, and none is told that is not there.
    @Test func bothSidesSayThatThereIsAMirror() {
        let kept = Self.services.flatMap { service in service.mirrors.map { "\($0.object) in \(service.name)" } }
        let told = Self.services.flatMap(\.mirrorFeeds).map { "\($0.type.object) in \($0.receiver)" }
        #expect(kept.sorted() == told.sorted() && !kept.isEmpty)
    }

    @Test func aMirrorHasTheStandardFieldsAndTheNamedOnes() throws {
        let mirror = try #require(SalesService.definition.mirrors.first)
        #expect(
            Set(mirror.fieldNames) == [
                "id", "version", "create_time", "update_time", "delete_time", "owner_id", "department_id",
                "shares", "sharing_selection_ids", "display_name", "industry", "region", "country_code",
            ])
    }

    @Test func aMirrorThatDoesNotFitIsRefusedAtStart() async throws {
        try await TestService.run(SampleService.definition) { service in
            func problem(_ records: [RecordType], _ mirrors: [RecordType]) -> String {
                do {
                    _ = try RecordEngine(
                        database: service.database, policies: service.policies, types: records, mirrors: mirrors,
                        references: service.foreign, pageTokenKey: Array(repeating: 9, count: 32))
                    return ""
                } catch {
                    return "\(error)"
                }
            }
            func mirror(_ fields: FieldRule...) -> RecordType {
                RecordType(mirroring: Account.self, of: .customer, fields: fields)
            }
            let good = mirror(.field("region", .line(100)))
            #expect(problem([], [good]) == "")
            #expect(problem(SampleService.definition.records, [good]).contains("needs no mirror"))
            #expect(problem([], [good, mirror()]).contains("another mirror"))
            #expect(problem([good], []).contains("belongs to the mirrors"))
            #expect(problem([], [SampleService.account]).contains("no mirror"))
            #expect(problem([], [mirror(.field("region"))]).contains("without a limit"))
            #expect(problem([], [mirror(.field("nonsense", .line(1)))]).contains("no field nonsense"))
            #expect(
                problem([], [mirror(.field("parent_account_id", .reference(.record("account"))))]).contains(
                    "refers to nothing"))
        }
    }
}
