import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import TestSupport
import Testing
import Wire

@testable import FilterModel
@testable import Records

/// Filters by custom fields in SQL and in memory must agree, whatever the filter.
@Suite struct CustomFilterTests {
    private typealias Random = SeededGenerator

    /// A value of a field, and how a filter writes it.
    private struct Sample {
        let value: CustomField
        let literal: String
    }

    private static let times = ["2027-01-15T08:00:00.123456Z", "2026-12-31T23:59:59Z"]

    /// By path. Of each field some records have none.
    private static let samples: [(path: String, comparators: [String], samples: [Sample])] = {
        let ordered = ["=", "!=", "<", "<=", ">", ">="]
        let texts = ["a", "A", "ab", "北京", "ä b", "z'"].map { (text: String) in
            Sample(value: CustomField(name: "motto", stringValue: text), literal: "\"\(text)\"")
        }
        let sizes = [0, 1, 5, 1_000].map { (size: Int64) in
            Sample(value: CustomField(name: "size", intValue: size), literal: "\(size)")
        }
        let shares = [0, 0.25, -1.5, 1e300].map { (share: Double) in
            Sample(value: CustomField(name: "share", doubleValue: share), literal: "\(share)")
        }
        let budgets = [("EUR", 0, "0.00 EUR"), ("EUR", 100, "1.00 EUR"), ("JPY", 100, "100 JPY")].map {
            (code: String, units: Int64, text: String) in
            Sample(
                value: CustomField(name: "budget", moneyValue: Money(currencyCode: code, minorUnits: units)),
                literal: "\"\(text)\"")
        }
        let flags = [true, false].map { (flag: Bool) in
            Sample(value: CustomField(name: "partner", boolValue: flag), literal: "\(flag)")
        }
        let days = ["1999-12-31", "2000-01-01"].map { (day: String) in
            Sample(value: CustomField(name: "founded", stringValue: day), literal: "\"\(day)\"")
        }
        let moments = times.map { (text: String) in
            Sample(value: CustomField(name: "visited", timeValue: Timestamp(text)), literal: "\"\(text)\"")
        }
        let colours = ["red", "绿", "blue"].map { (colour: String) in
            Sample(value: CustomField(name: "colour", stringValue: colour), literal: "\"\(colour)\"")
        }
        let sports = [["golf"], ["chess", "golf"], ["judo", "chess"]].map { (sports: [String]) in
            Sample(value: CustomField(name: "sports", stringValues: sports), literal: "\"\(sports[0])\"")
        }
        return [
            ("custom.motto", ordered + ["~", "^="], texts), ("custom.size", ordered, sizes),
            ("custom.share", ordered, shares), ("custom.budget", ordered, budgets),
            ("custom.partner", ["=", "!="], flags),
            ("custom.founded", ordered, days), ("custom.visited", ordered, moments),
            ("custom.colour", ordered + ["~"], colours), ("custom.sports", ["=", "!=", "~"], sports),
        ]
    }()

    private static func values(_ random: inout Random) -> [CustomField] {
        samples.compactMap { field in random.chance(30) ? nil : field.samples.randomElement(using: &random)?.value }
    }

    private static func filter(depth: Int, _ random: inout Random) -> String {
        if depth > 0, random.chance(50) {
            switch random.number(0...2) {
            case 0: return "not (\(filter(depth: depth - 1, &random)))"
            case 1: return "(\(filter(depth: depth - 1, &random)) and \(filter(depth: depth - 1, &random)))"
            default: return "(\(filter(depth: depth - 1, &random)) or \(filter(depth: depth - 1, &random)))"
            }
        }
        let field = samples[random.number(0...samples.count - 1)]
        let literals = field.samples.map(\.literal)
        let literal = literals[random.number(0...literals.count - 1)]
        switch random.number(0...9) {
        case 0: return "\(field.path) is set"
        case 1: return "\(field.path) in (\(literals.dropLast().joined(separator: ", ")))"
        case 2 where field.path == "custom.budget": return "custom.budget.minor_units >= \(random.number(0...150))"
        case 3 where field.path == "custom.budget": return "custom.budget.currency_code = JPY"
        default: return "\(field.path) \(field.comparators[random.number(0...field.comparators.count - 1)]) \(literal)"
        }
    }

    /// The SQL of what is indexed is another one.
    @Test(arguments: [false, true]) func sqlAndMemoryAgreeAboutCustomFields(_ isIndexed: Bool) async throws {
        try await CustomFieldTests.run { service in
            if isIndexed { try await CustomIndexTests.index(CustomFieldTests.fields, service) }
            var random = Random(seed: 1_088)
            var accounts: [Account] = []
            for _ in 0..<60 { accounts.append(Account(customFields: Self.values(&random), displayName: "a")) }
            let made = try await service.batchCreate(accounts).records
            let context = service.context(AccountServiceMethods.listAccounts)
            let call = try await service.engine.authorise(context, SampleService.account, .read)
            let records = try made.map { (id: $0.id, record: try call.type.taken($0.message(in: context.arena), "")) }
            for round in 0..<400 {
                let text = Self.filter(depth: 3, &random)
                let filter = try #require(try service.engine.resolve(FilterParser.parse(text), call))
                let expected = Set(records.filter { filter.matches($0.record) }.compactMap(\.id))
                let found = try await service.accounts().listAccounts(
                    ListAccountsRequest(filterExpression: text, pageSize: 1_000))
                let ids = Set(found.records.compactMap(\.id))
                #expect(ids == expected, "round \(round): \(text)")
                if ids != expected { return }
            }
        }
    }
}
