import AccessControl
import Contracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

@Suite struct SortOrderTests {
    func order(_ texts: [String], policies: [(String, FieldLevel)] = []) throws -> SortOrder {
        try SortOrder(texts, of: SampleService.account, rights: Sample.rights(SampleService.account, policies))
    }

    @Test func endsWithTheID() throws {
        #expect(try order([]).sql == "created_at DESC, id DESC")
        #expect(try order(["follow_up_time"]).sql == "follow_up_at, id")
        #expect(try order(["version desc", "follow_up_time"]).sql == "version DESC, follow_up_at, id")
        #expect(try order(["id", "version"]).sql == "id, version")
    }

    @Test func textsAreInTheOrderOfPeople() throws {
        #expect(try order(["city"]).sql == "city COLLATE pg_catalog.\"und-x-icu\", id")
        let pinyin = try order(["city collate pinyin desc"])
        #expect(pinyin.sql == "city COLLATE pg_catalog.\"zh-x-icu\" DESC NULLS LAST, id DESC")
        let root = try order(["city collate root"])
        #expect(!pinyin.followsAnIndex(.living) && !pinyin.splitsAtPresence && root.followsAnIndex(.living))
    }

    @Test func recordsWithoutAValueAreLastBothWays() throws {
        #expect(
            try order(["annual_revenue.minor_units DESC"]).sql == "annual_revenue_minor DESC NULLS LAST, id DESC")
        #expect(try order(["annual_revenue.minor_units"]).sql == "annual_revenue_minor, id")
        // A name is always there.
        #expect(try order(["display_name desc"]).sql.contains("NULLS") == false)
    }

    @Test func anIndexHasTheRecordsInSomeOrders() throws {
        for texts in [[], ["create_time"], ["display_name desc"], ["city", "id"]] {
            #expect(try order(texts).followsAnIndex(.living) && !order(texts).followsAnIndex(.any))
        }
        for texts in [
            ["version"], ["street"], ["update_time", "city"], ["city", "version"], ["city", "street", "id"],
        ] {
            #expect(try !order(texts).followsAnIndex(.living))
        }
        #expect(try order(["id", "version"]).followsAnIndex(.any))
    }

    @Test(arguments: [
        ["nonsense"], ["city down"], ["city desc desc"], [""], ["city", "city desc"], ["annual_revenue"],
        ["custom_fields"], ["description"], ["city collate nonsense"], ["version collate pinyin"], ["city collate"],
        ["city collate pinyin", "city desc"], ["city collate \"C\""], ["city collate pinyin up"], ["a", "b", "c", "d"],
        ["city; DROP TABLE accounts"],
    ])
    func wrongKeysAreRefused(_ texts: [String]) {
        do {
            _ = try order(texts)
            Issue.record("\(texts) was taken")
        } catch {
            #expect((error as? RPCError)?.reason == "ORDER_INVALID")
        }
    }

    /// 500 yen and 4.99 euros are neither more nor less than each other.
    @Test func amountsHaveNoOrderOfTheirOwn() {
        let error = #expect(throws: RPCError.self) { try order(["annual_revenue desc"]) }
        #expect(error?.reason == "ORDER_INVALID")
        for name in ["annual_revenue.currency_code", "annual_revenue.minor_units"] {
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test func hiddenFieldsAreRefused() {
        do {
            _ = try order(["phone"], policies: [("phone", .masked)])
            Issue.record("sorted by a masked field")
        } catch {
            #expect((error as? RPCError)?.reason == "FIELD_NOT_READABLE")
        }
    }
}

@Suite struct KeysetTests {
    func condition(_ order: [String], _ values: [FieldValue?]) throws -> (String, Int) {
        let order = try SortOrder(order, of: SampleService.account, rights: Sample.rights(SampleService.account))
        var parameters = Parameters()
        let sql = Keyset(values: values).condition(order, &parameters)
        return (sql, parameters.count)
    }

    @Test func oneDirectionWithoutNullsIsARow() throws {
        #expect(
            try condition([], [.time(.now()), .id(.make())]) == ("(created_at, id) < ($1, $2)", 2))
        #expect(try condition(["id"], [.id(.make())]) == ("(id) > ($1)", 1))
    }

    @Test func whatIsNotSetIsLastBothWays() throws {
        #expect(
            try condition(["follow_up_time"], [.time(.now()), .id(.make())])
                == ("(((follow_up_at > $1 OR follow_up_at IS NULL)) OR (follow_up_at = $1 AND id > $2))", 2))
        #expect(
            try condition(["follow_up_time desc"], [.time(.now()), .id(.make())])
                == ("(((follow_up_at < $1 OR follow_up_at IS NULL)) OR (follow_up_at = $1 AND id < $2))", 2))
        #expect(
            try condition(["follow_up_time"], [nil, .id(.make())]) == ("((follow_up_at IS NULL AND id > $1))", 1))
        #expect(
            try condition(["follow_up_time desc"], [nil, .id(.make())])
                == ("((follow_up_at IS NULL AND id < $1))", 1))
    }

    @Test func aTextThatIsAlwaysSetIsPartOfARow() throws {
        let (sql, count) = try condition(["display_name"], [.text("x"), .id(.make())])
        #expect(sql == "(display_name COLLATE pg_catalog.\"und-x-icu\", id) > ($1, $2)" && count == 2)
    }
}

@Suite struct PageTokenTests {
    let tokens = try! PageToken(secret: Array(repeating: 7, count: 32))
    let list: [UInt8] = [1, 2, 3]
    let keyset = Keyset(values: [
        nil, .text("北京"), .id(.make()), .integer(-5), .number(.pi), .flag(true), .time(.now()),
        .date(CalendarDay(daysSince1970: -3)),
    ])

    func order(_ count: Int) throws -> SortOrder {
        let texts = Array(["city", "phone", "email"].prefix(count - 1))
        return try SortOrder(texts, of: SampleService.account, rights: Sample.rights(SampleService.account))
    }

    @Test func keysetsSurvive() {
        #expect(KeysetCoder.decode(KeysetCoder.encode(keyset)) == keyset)
    }

    @Test func cutOrPaddedKeysetsAreRefusedOrOther() {
        let bytes = KeysetCoder.encode(keyset)
        for count in 0..<bytes.count { #expect(KeysetCoder.decode(Array(bytes.prefix(count))) != keyset) }
        #expect(KeysetCoder.decode([9, 0, 0, 0, 0, 0, 0, 0, 0]) == nil)
        #expect(KeysetCoder.decode([1, 255, 255, 255, 255, 255, 255, 255, 255, 65]) == nil)
    }

    @Test func tokensAreBoundToTheirList() throws {
        let place = Keyset(values: [.text("x"), .id(.make())])
        let token = try tokens.make(place, list: list)
        #expect(try tokens.read(token, list: list, order: order(2)) == place)
        let other = try PageToken(secret: Array(repeating: 8, count: 32))
        #expect(throws: RPCError.self) { try tokens.read(token, list: [1, 2, 4], order: order(2)) }
        #expect(throws: RPCError.self) { try tokens.read(token, list: list, order: order(3)) }
        #expect(throws: RPCError.self) { try other.read(token, list: list, order: order(2)) }
        for text in ["", "x", "!!!!", token + "A", String(token.dropLast()), String(token.reversed())] {
            #expect(throws: RPCError.self) { try tokens.read(text, list: list, order: order(2)) }
        }
    }

    /// The values of a record are for nobody's eyes: not in the token, not in what it decodes to.
    @Test func theValuesAreSealed() throws {
        let place = Keyset(values: [.text("Zebra and Sons"), .id(.make())])
        let token = try tokens.make(place, list: list)
        let bytes = try #require(Base64URL.decode(token))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("Zebra"))
        #expect(try tokens.make(place, list: list) != token)
    }

    @Test func everyFlippedBitIsNoticed() throws {
        let token = try tokens.make(Keyset(values: [.text("x"), .id(.make())]), list: list)
        let bytes = try #require(Base64URL.decode(token))
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: RPCError.self) {
                try tokens.read(Base64URL.encode(changed), list: list, order: order(2))
            }
        }
    }

    @Test func base64OfEveryLength() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.encode([0xfb, 0xff]) == "-_8")
        #expect(Base64URL.decode("-_9") == nil)
        #expect(Base64URL.decode("A") == nil)
        #expect(Base64URL.decode("A===") == nil)
    }

    @Test func expectedRowsAreFoundInAPlan() {
        #expect(ListQuery.expectedRows("Seq Scan on accounts  (cost=0.00..35.50 rows=2550 width=4)") == 2550)
        #expect(ListQuery.expectedRows("Result") == nil)
    }
}
