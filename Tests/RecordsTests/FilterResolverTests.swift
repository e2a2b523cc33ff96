import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy
import Testing
import Wire

@testable import Records

@Suite struct FilterResolverTests {
    func refusal(_ text: String, policies: [(String, FieldLevel)] = []) -> RPCError? {
        do {
            let rights = Sample.rights(Sample.account, policies)
            _ = try FilterResolver(type: Sample.account, rights: rights).resolve(FilterParser.parse(text))
            return nil
        } catch {
            return error as? RPCError
        }
    }

    @Test(arguments: [
        ("nonsense = 1", "FILTER_FIELD_UNKNOWN"), ("annual_revenue.euros = 1", "FILTER_FIELD_UNKNOWN"),
        ("custom_fields is set", "FILTER_FIELD_UNKNOWN"), ("city.name = 1", "FILTER_FIELD_UNKNOWN"),
        ("id = 7", "FILTER_TYPE_MISMATCH"), ("create_time > yesterday", "FILTER_TYPE_MISMATCH"),
        ("version = 'x'", "FILTER_TYPE_MISMATCH"), ("version = 1.5", "FILTER_TYPE_MISMATCH"),
        ("version ~ 1", "FILTER_OPERATOR_UNSUPPORTED"), ("owner_id < 1", "FILTER_OPERATOR_UNSUPPORTED"),
        ("annual_revenue = 1", "FILTER_OPERATOR_UNSUPPORTED"),
        ("city = '\(String(repeating: "x", count: 1001))'", "FILTER_TOO_LARGE"),
    ])
    func whatDoesNotFitIsRefused(_ text: String, _ reason: String) {
        let error = refusal(text)
        #expect(error?.reason == reason, "\(text)")
        #expect(error?.code == .invalidArgument)
        #expect(error?.fieldViolations.first?.field == "filter_expression")
    }

    @Test func fieldsThatMayNotBeReadAreRefused() {
        for level in [FieldLevel.none, .masked] {
            let error = refusal("city = 'x' and not (phone is set)", policies: [("phone", level)])
            #expect(error?.code == .permissionDenied)
            #expect(error?.reason == "FIELD_NOT_READABLE")
            #expect(error?.details.first?.value == "phone")
        }
        #expect(refusal("phone is set", policies: [("phone", .read)]) == nil)
    }

    @Test func enumsAreNamedShortOrLong() throws {
        let long = try Sample.resolve("kind = ACTIVITY_KIND_CALL", Sample.activity)
        let short = try Sample.resolve("kind = call", Sample.activity)
        let call = Sample.message(Activity(kind: .call))
        let note = Sample.message(Activity(kind: .note))
        for filter in [long, short] { #expect(filter.matches(call) && !filter.matches(note)) }
    }

    @Test func unsetFulfilsOnlyNotEqualAndNegations() throws {
        let empty = Sample.message(Account(displayName: "x"))
        for text in [
            "city = 'a'", "city < 'a'", "city >= 'a'", "city ~ ''", "city ^= ''", "city in (a)",
            "city is set",
        ] {
            #expect(try !Sample.resolve(text).matches(empty), "\(text)")
            #expect(try Sample.resolve("not \(text)").matches(empty), "not \(text)")
        }
        #expect(try Sample.resolve("city != 'a'").matches(empty))
        #expect(try !Sample.resolve("not city != 'a'").matches(empty))
    }

    @Test func repeatedMessagesAreSearched() throws {
        let contact = Sample.message(
            Contact(contactPoints: [
                ContactPoint(kind: .email, value: "Ann@Example.com"),
                ContactPoint(kind: .phone, value: "+1 234 5678"),
            ]))
        #expect(try Sample.resolve("contact_points.value ~ 'example'", Sample.contact).matches(contact))
        #expect(try Sample.resolve("contact_points.kind = phone", Sample.contact).matches(contact))
        #expect(try !Sample.resolve("contact_points.kind = social", Sample.contact).matches(contact))
        #expect(try Sample.resolve("contact_points is set", Sample.contact).matches(contact))
        #expect(try !Sample.resolve("contact_points.label is set", Sample.contact).matches(contact))
    }

    @Test func valuesNeverBecomeSQL() throws {
        let attack = "'); DROP TABLE accounts; --"
        var sql = FilterSQL()
        let filter = try FilterResolver(type: Sample.account, rights: Sample.rights(Sample.account)).resolve(
            .all([
                .compare(
                    FilterComparison(path: "city", comparator: .equal, values: [.text(attack)], place: "")),
                .compare(
                    FilterComparison(path: "city", comparator: .contains, values: [.text(attack)], place: "")),
                .compare(FilterComparison(path: "city", comparator: .in, values: [.text(attack)], place: "")),
            ]))
        let text = sql.condition(filter)
        #expect(!text.contains("DROP"))
        #expect(sql.parameters.count == 3)
        let path = FilterComparison(path: attack, comparator: .equal, values: [.text("x")], place: "")
        #expect(throws: RPCError.self) {
            try FilterResolver(type: Sample.account, rights: Sample.rights(Sample.account)).resolve(
                .compare(path))
        }
    }

    @Test func treesAreReadFromMessages() throws {
        let tree = Filter(
            all: FilterGroup(filters: [
                Filter(
                    compare: Comparison(
                        field: "city", operator: .equal, values: [Value(stringValue: "Berlin")])),
                Filter(not: Filter(compare: Comparison(field: "phone", operator: .isSet))),
            ]))
        let filter = try FilterResolver(type: Sample.account, rights: Sample.rights(Sample.account))
            .resolve(FilterNode(Sample.message(tree)))
        #expect(filter.matches(Sample.message(Account(city: "Berlin"))))
        #expect(!filter.matches(Sample.message(Account(phone: "+1 234 5678", city: "Berlin"))))
    }

    @Test func malformedTreesAreRefusedWithTheirPath() {
        func path(_ filter: Filter) -> String? {
            do {
                _ = try FilterNode(Sample.message(filter))
                return nil
            } catch {
                return (error as? RPCError)?.fieldViolations.first?.field
            }
        }
        #expect(path(Filter()) == "filter")
        #expect(path(Filter(any: FilterGroup())) == "filter.any")
        #expect(path(Filter(not: Filter())) == "filter.not")
        #expect(path(Filter(compare: Comparison(field: "city"))) == "filter.compare.operator")
        var deep = Filter(compare: Comparison(field: "city", operator: .isSet))
        for _ in 0..<FilterLimits.depthMax { deep = Filter(not: deep) }
        #expect(path(deep) == nil)
        #expect(path(Filter(not: deep)) != nil)
    }
}
