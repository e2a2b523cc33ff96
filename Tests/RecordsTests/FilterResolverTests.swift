import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import FilterModel
@testable import Records

@Suite struct FilterResolverTests {
    func refusal(_ text: String, policies: [(String, FieldLevel)] = []) -> RPCError? {
        do {
            let rights = Sample.rights(SampleService.account, policies)
            _ = try FilterResolver(type: SampleService.account, rights: rights).resolve(FilterParser.parse(text))
            return nil
        } catch {
            return error as? RPCError
        }
    }

    /// An index on a text has the order of people, and answers what is equal in that order only.
    @Test func equalTextsAreAskedForAsAnIndexHasThem() throws {
        let people = "COLLATE pg_catalog.\"und-x-icu\""
        for (filter, wanted) in [
            ("display_name = 'x'", "display_name \(people) = $1"),
            ("display_name in ('x', 'y')", "display_name \(people) = ANY ($1)"),
            ("external_id = 'x'", "external_id = $1"), ("phone = 'x'", "phone = $1"),
            ("annual_revenue.minor_units = 5", "annual_revenue_minor = $1"),
        ] {
            var sql = FilterSQL()
            #expect(sql.condition(try Sample.resolve(filter)) == wanted)
        }
    }

    @Test(arguments: [
        ("nonsense = 1", "FILTER_FIELD_UNKNOWN"), ("annual_revenue.euros = 1", "FILTER_FIELD_UNKNOWN"),
        ("custom_fields is set", "FILTER_FIELD_UNKNOWN"), ("city.name = 1", "FILTER_FIELD_UNKNOWN"),
        ("id = 7", "FILTER_TYPE_MISMATCH"), ("create_time > yesterday", "FILTER_TYPE_MISMATCH"),
        ("version = 'x'", "FILTER_TYPE_MISMATCH"), ("version = 1.5", "FILTER_TYPE_MISMATCH"),
        ("version ~ 1", "FILTER_OPERATOR_UNSUPPORTED"), ("owner_id < 1", "FILTER_OPERATOR_UNSUPPORTED"),
        ("annual_revenue = 1", "FILTER_TYPE_MISMATCH"), ("annual_revenue in ('1 EUR', 1)", "FILTER_TYPE_MISMATCH"),
        ("annual_revenue = true", "FILTER_TYPE_MISMATCH"), ("annual_revenue ~ '1 EUR'", "FILTER_OPERATOR_UNSUPPORTED"),
        ("annual_revenue ^= '1 EUR'", "FILTER_OPERATOR_UNSUPPORTED"),
        ("city = '\(String(repeating: "x", count: 1001))'", "FILTER_TOO_LARGE"),
    ])
    func whatDoesNotFitIsRefused(_ text: String, _ reason: String) {
        let error = refusal(text)
        #expect(error?.reason == reason, "\(text)")
        #expect(error?.code == .invalidArgument)
        #expect(error?.fieldViolations.first?.field == "filter_expression")
    }

    /// What may mean two amounts, or names no currency, is refused with amounts to write, each of which is taken.
    @Test(arguments: [
        ("5", #""5.00 EUR""#), ("'1250,5'", #""1,250.50 EUR""#), ("'1,250 EUR'", #""1250.00 EUR" or "1.25 EUR""#),
        ("'12.505 EUR'", #""12505.00 EUR""#), ("'5.5 JPY'", #""5 JPY" or "6 JPY""#), ("'$5'", #""5.00 USD""#),
        ("'5 EUX'", #""5.00 EUR""#),
    ])
    func uncertainAmountsAreRefusedWithTheCure(_ value: String, _ cure: String) throws {
        let error = refusal("annual_revenue >= \(value)")
        #expect(error?.reason == "FILTER_TYPE_MISMATCH" && error?.details.first?.value == "annual_revenue")
        #expect(error?.message.contains(cure) == true, "\(error?.message ?? "")")
        for amount in cure.split(separator: " or ") { #expect(refusal("annual_revenue >= \(amount)") == nil) }
    }

    @Test func amountsInTreesAreTextsToo() {
        func refusal(_ value: Value) -> RPCError? {
            do {
                let tree = Filter(compare: Comparison(field: "annual_revenue", operator: .less, values: [value]))
                _ = try FilterResolver(type: SampleService.account, rights: Sample.rights(SampleService.account))
                    .resolve(FilterNode(Sample.message(tree)))
                return nil
            } catch {
                return error as? RPCError
            }
        }
        #expect(refusal(Value(stringValue: "12.50 EUR")) == nil)
        for bare in [Value(intValue: 5), Value(doubleValue: 5)] {
            #expect(refusal(bare)?.message.contains(#""5.00 EUR""#) == true)
        }
        for nonsense in [
            Value(boolValue: true), Value(timeValue: Timestamp(microseconds: 0)), Value(doubleValue: .nan),
            Value(doubleValue: .infinity), Value(doubleValue: 1e300), Value(stringValue: ""),
        ] {
            #expect(refusal(nonsense)?.reason == "FILTER_TYPE_MISMATCH")
        }
    }

    @Test func amountsOfOtherCurrenciesFulfilNothing() throws {
        func matches(_ text: String, _ units: Int64, _ code: String) throws -> Bool {
            let account = Account(annualRevenue: Money(currencyCode: code, minorUnits: units))
            return try Sample.resolve(text).matches(Sample.message(account))
        }
        for comparator in ["=", "<=", ">="] {
            #expect(try matches("annual_revenue \(comparator) '12,50 €'", 1250, "EUR"))
            #expect(try !matches("annual_revenue \(comparator) '12.50 EUR'", 1250, "USD"))
        }
        #expect(try matches("annual_revenue < '13 EUR'", 1250, "EUR"))
        #expect(try !matches("annual_revenue < '13 EUR'", 1250, "USD"))
        #expect(try !matches("annual_revenue > 1EUR", 1250, "USD"))
        #expect(try matches("annual_revenue in ('1 JPY', '12.50 EUR')", 1250, "EUR"))
        #expect(try !matches("annual_revenue in ('1250 JPY', '1 EUR')", 1250, "EUR"))
        // != is everything that = is not.
        #expect(try matches("annual_revenue != '12.50 EUR'", 1250, "USD"))
        #expect(try !matches("annual_revenue != '12.50 EUR'", 1250, "EUR"))
        #expect(try Sample.resolve("annual_revenue != '1 EUR'").matches(Sample.message(Account())))
    }

    /// The index on the minor units serves a comparison with an amount.
    @Test func amountsAreComparedColumnByColumn() throws {
        var sql = FilterSQL()
        #expect(
            sql.condition(try Sample.resolve("annual_revenue >= '12.50 EUR'"))
                == "(annual_revenue_minor >= $1 AND annual_revenue_currency = $2)")
        #expect(sql.parameters.count == 2)
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
        let long = try Sample.resolve("kind = ACTIVITY_KIND_CALL", SampleService.activity)
        let short = try Sample.resolve("kind = call", SampleService.activity)
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

    /// The other table is asked once for all conditions on the record of a field; among alternatives by that record's id, so that PostgreSQL
    /// keeps none of it in memory.
    @Test func conditionsOnTheSameRecordAreAskedTogether() throws {
        let field = try #require(SampleService.activity.field("account_id"))
        let follows = try (0..<64).map { number in
            ResolvedFilter.follow(
                ResolvedReference(
                    field: field, call: Sample.call(SampleService.account),
                    filter: try Sample.resolve("city = 'c\(number)'")))
        }
        let own = try Sample.resolve("kind = call", SampleService.activity)
        func sql(_ filter: ResolvedFilter, lookingUp looksUp: Bool = false) -> String {
            var sql = FilterSQL(lookingUp: looksUp)
            return sql.condition(filter)
        }
        func tables(_ text: String) -> Int {
            text.split(separator: "{schema}.accounts", omittingEmptySubsequences: false).count - 1
        }
        let demanded = sql(.joined(all: follows + [own]))
        #expect(tables(demanded) == 1 && demanded.contains("account_id IN (SELECT"))
        let looking = sql(.joined(all: follows + [own]), lookingUp: true)
        #expect(tables(looking) == 1 && looking.contains("named_id = account_id"))
        let alternatives = sql(.joined(any: follows + [own]))
        #expect(tables(alternatives) == 1 && alternatives.contains("named_id = account_id"))
        let negated = follows.map { ResolvedFilter.not($0) }
        for filter in [ResolvedFilter.joined(any: negated + [own]), .joined(all: negated + [own])] {
            #expect(tables(sql(filter)) == 1 && sql(filter).contains("named_id = account_id"))
        }
    }

    @Test func repeatedMessagesAreSearched() throws {
        let contact = Sample.message(
            Contact(contactPoints: [
                ContactPoint(kind: .email, value: "Ann@Example.com"),
                ContactPoint(kind: .phone, value: "+1 234 5678"),
            ]))
        #expect(try Sample.resolve("contact_points.value ~ 'example'", SampleService.contact).matches(contact))
        #expect(try Sample.resolve("contact_points.kind = phone", SampleService.contact).matches(contact))
        #expect(try !Sample.resolve("contact_points.kind = social", SampleService.contact).matches(contact))
        #expect(try Sample.resolve("contact_points is set", SampleService.contact).matches(contact))
        #expect(try !Sample.resolve("contact_points.label is set", SampleService.contact).matches(contact))
    }

    @Test func valuesNeverBecomeSQL() throws {
        let attack = "'); DROP TABLE accounts; --"
        var sql = FilterSQL()
        let filter = try FilterResolver(type: SampleService.account, rights: Sample.rights(SampleService.account))
            .resolve(
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
            try FilterResolver(type: SampleService.account, rights: Sample.rights(SampleService.account)).resolve(
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
        let filter = try FilterResolver(type: SampleService.account, rights: Sample.rights(SampleService.account))
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
