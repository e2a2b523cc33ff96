import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// What a request may make the engine walk, and what an error may repeat of it.
@Suite struct RequestBoundsTests {
    private func refusal(_ body: () throws -> Void) -> RPCError? {
        do {
            try body()
        } catch {
            return error as? RPCError
        }
        return nil
    }

    /// Bytes that an error repeats to the client, as far as the engine writes them.
    private func bytes(of error: RPCError) -> Int {
        let details = error.details.map { $0.key.utf8.count + $0.value.utf8.count }
        let violations = error.fieldViolations.map { $0.field.utf8.count + $0.description.utf8.count }
        return error.message.utf8.count + (details + violations).reduce(0, +)
    }

    @Test func violationsAreCountedAfterTheFirstHundred() {
        let type = RecordType(
            Contact.self,
            fields: [
                .field(
                    "contact_points", .count(0...1000),
                    .items([.field("kind", .required), .field("value", .required, .line(320))]))
            ])
        let contact = Contact(contactPoints: Array(repeating: ContactPoint(), count: 60))
        let found = RecordValidator.violations(in: Sample.message(contact), fields: type.fields)
        #expect(found.count == 101)
        #expect(found.prefix(100).allSatisfy { $0.reason == "REQUIRED" })
        #expect(found.last?.reason == "MORE_VIOLATIONS" && found.last?.field == "contact_points[50].kind")
        #expect(found.last?.description.hasPrefix("20 more ") == true)
    }

    @Test func elementsOfAFieldWithTooManyAreNotLookedAt() {
        let contact = Contact(contactPoints: Array(repeating: ContactPoint(), count: 100_000))
        let found = RecordValidator.violations(in: Sample.message(contact), fields: SampleService.contact.fields)
        #expect(found.map(\.reason) == ["TOO_MANY"])
    }

    @Test func aFieldWithoutACountHasABoundAllTheSame() {
        let type = RecordType(
            Contact.self,
            fields: [.field("contact_points", .items([.field("kind", .required)]))])
        let contact = Contact(contactPoints: Array(repeating: ContactPoint(), count: 1001))
        let found = RecordValidator.violations(in: Sample.message(contact), fields: type.fields)
        #expect(found.map(\.reason) == ["TOO_MANY"])
    }

    @Test(arguments: [201, 3000])
    func longPathsAreRefusedAndNotRepeated(_ length: Int) throws {
        let path = String(repeating: "x", count: length)
        let rights = Sample.rights(SampleService.account)
        let message = Sample.message(Filter(compare: Comparison(field: path, operator: .isSet)))
        for node in [try FilterNode(message), try FilterParser.parse("\(path) is set")] {
            let error = try #require(
                refusal { _ = try FilterResolver(type: SampleService.account, rights: rights).resolve(node) })
            #expect(error.reason == "FILTER_FIELD_UNKNOWN")
            #expect(!error.message.contains("xxx") && bytes(of: error) < 500)
        }
    }

    @Test func valuesOfAComparisonAreCountedFirst() throws {
        let values = Array(repeating: Value(), count: 1001)
        let filter = Filter(compare: Comparison(field: "city", operator: .in, values: values))
        let error = try #require(refusal { _ = try FilterNode(Sample.message(filter)) })
        #expect(error.reason == "FILTER_MALFORMED" && error.message.contains("1001"))
        #expect(error.fieldViolations.first?.field == "filter.compare.values")
    }

    /// An audit had one call of 60,000 phone numbers stop a service for 20 s.
    @Test func valuesOfAllComparisonsAreCounted() throws {
        func filter(_ count: Int) -> Filter {
            let value = Value(stringValue: "+4930123")
            let comparison = Comparison(field: "phone", operator: .in, values: Array(repeating: value, count: 1_000))
            let last = Comparison(field: "phone", operator: .in, values: Array(repeating: value, count: count))
            return Filter(all: FilterGroup(filters: [comparison, last].map { Filter(compare: $0) }))
        }
        _ = try FilterNode(Sample.message(filter(1_000)))
        let more = Filter(all: FilterGroup(filters: [filter(1_000), filter(1)]))
        let error = try #require(refusal { _ = try FilterNode(Sample.message(more)) })
        #expect(error.reason == "FILTER_TOO_LARGE" && error.message.contains("2000"))
    }

    @Test func filtersOfAGroupAreCountedFirst() throws {
        let filter = Filter(all: FilterGroup(filters: Array(repeating: Filter(), count: 65)))
        let error = try #require(refusal { _ = try FilterNode(Sample.message(filter)) })
        #expect(error.reason == "FILTER_TOO_LARGE")
    }

    @Test func longSortKeysAreNotRepeated() throws {
        let key = String(repeating: "x", count: 100_000)
        let error = try #require(
            refusal {
                _ = try SortOrder([key], of: SampleService.account, rights: Sample.rights(SampleService.account))
            })
        #expect(error.reason == "ORDER_INVALID" && bytes(of: error) < 1000)
    }

    @Test func longNamesInMasksAreNotRepeated() throws {
        let name = String(repeating: "北", count: 100_000)
        let sent = Sample.message(Account(displayName: "x"))
        for body in [
            { _ = try ReadMask([name], of: SampleService.account) },
            { _ = try UpdateMask([name], sent: sent, type: SampleService.account) },
        ] as [() throws -> Void] {
            let error = try #require(refusal(body))
            #expect(error.reason == "FIELD_UNKNOWN" && bytes(of: error) < 1000)
        }
    }
}
