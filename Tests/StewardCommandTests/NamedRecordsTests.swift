import Contracts
import CustomerContracts
import SalesContracts
import Tenancy
import Testing
import Wire

@testable import steward

/// What values name where a page does not hold it all, without a server.
@Suite struct NamedRecordsTests {
    /// A list of three records a page, in the order given.
    private final class Pages {
        let records: [Message]
        private(set) var count = 0

        init(_ records: [Message]) { self.records = records }

        func page(_ lookup: NameLookup, _ token: String?) throws -> RecordPage {
            count += 1
            let fitting = records.filter { record in
                lookup.conditions.allSatisfy { field, values in
                    record.descriptor.field(field).map { values.contains(FieldText.text($0, of: record)) } ?? false
                }
            }
            let start = token.flatMap { Int($0) } ?? 0
            let end = min(start + 3, fitting.count)
            return RecordPage(records: Array(fitting[start..<end]), next: end < fitting.count ? String(end) : nil)
        }
    }

    private static func deals(_ names: String...) -> [Message] {
        names.map { Deal(id: RecordID.make().text, displayName: $0).message() }
    }

    private func look(
        up values: [String], _ noun: RecordNoun, by field: String? = nil, among pages: Pages, most: Int = 1_000
    ) async throws -> [String: NamedRecords.Named] {
        try await NamedRecords(noun: noun, field: field, recordsPerValueMax: most) { try pages.page($0, $1) }
            .look(up: values)
    }

    private let path = ReferenceResolver.Path(target: "deal_id", noun: "deal", field: nil, isRepeated: false)

    /// The page is full of others: neither is a name taken for unknown, nor one of several for the only one.
    @Test func aFullPageHidesNobody() async throws {
        let list = Self.deals("Renewal", "Acme", "Renewal", "Renewal", "Renewal", "Acme", "Beta")
        let named = try await look(up: ["Acme", "Beta", "Gamma", "Renewal"], Deal.noun, among: Pages(list))
        #expect(named.mapValues(\.records.count) == ["Acme": 2, "Beta": 1, "Gamma": 0, "Renewal": 4])
        #expect(!named.values.contains { $0.isCut })
        var known = KnownReferences()
        known.note(named, path, Deal.noun)
        #expect(try known.id(of: "Beta", path) == list[6].string(try #require(Deal.descriptor.field("id"))))
        let several = #expect(throws: UsageProblem.self) { try known.id(of: "Acme", path) }
        #expect(several?.text.hasPrefix("several records have this") == true)
        let none = #expect(throws: UsageProblem.self) { try known.id(of: "Gamma", path) }
        #expect(none?.text.hasPrefix("no deal") == true)
    }

    /// What fits a page is asked for at once.
    @Test func aPageIsOneCall() async throws {
        let pages = Pages(Self.deals("Acme", "Beta"))
        _ = try await look(up: ["Acme", "Beta", "Gamma"], Deal.noun, among: pages)
        #expect(pages.count == 1)
    }

    /// Of very many that have one name not all are read, and none of them is meant.
    @Test func ofTooManyNoneIsMeant() async throws {
        let pages = Pages(Self.deals("Acme", "Acme", "Acme", "Acme", "Acme", "Acme", "Acme", "Acme"))
        let named = try await look(up: ["Acme", "Beta"], Deal.noun, among: pages, most: 1)
        #expect(named["Acme"]?.isCut == true && named["Beta"]?.isCut == false)
        #expect(pages.count == 3)
        var known = KnownReferences()
        known.note(named, path, Deal.noun)
        #expect(throws: UsageProblem.self) { try known.id(of: "Acme", path) }
    }

    /// Others that only look like it fill pages, too; one that two look-ups find is one.
    @Test func namesOfTwoPartsAreFoundBehindThoseThatLookLikeThem() async throws {
        func contact(_ given: String?, _ family: String) -> Message {
            Contact(id: RecordID.make().text, givenName: given, familyName: family).message()
        }
        let others = (0..<5).map { contact("Ann \($0)", "Meier") }
        let list = others + [contact(nil, "Meier"), contact("Meier", "Meier")]
        let named = try await look(up: ["Meier", "Meier Meier"], Contact.noun, among: Pages(list))
        #expect(named.mapValues(\.records.count) == ["Meier": 1, "Meier Meier": 1])
    }

    @Test func namesAreAskedForWithWhatTellsThem() {
        #expect(NameLookup.fields(of: Deal.noun) == ["id", "display_name"])
        #expect(NameLookup.fields(of: Contact.noun) == ["id", "given_name", "family_name"])
    }
}
