import AccessControl
import Contracts
import CustomerContracts
import SalesContracts
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

@Suite struct JSONTests {
    func json(_ message: Message) -> String {
        var writer = JSONWriter()
        writer.write(message)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    func read(_ text: String, as descriptor: MessageDescriptor) throws -> Message {
        let message = Message.make(descriptor, in: Arena())
        try Array(text.utf8).withUnsafeBytes {
            var reader = JSONReader($0)
            try reader.read(into: message)
        }
        return message
    }

    @Test func messagesSurvive() throws {
        let contact = Contact(
            id: RecordID.make().text, version: 7, createTime: Timestamp(microseconds: 1_700_000_000_123_456),
            givenName: "Zoë \"\\ \n\u{1} 北京 😀",
            contactPoints: [
                ContactPoint(kind: .email, value: "a@b.cd", primary: true, verified: false), ContactPoint(),
            ])
        let message = Sample.message(contact)
        let copy = try read(json(message), as: Contact.descriptor)
        #expect(copy.value(Contact.self) == contact)
    }

    @Test func whatPostgreSQLWritesIsRead() throws {
        let text =
            #" { "version" : 12 , "given_name": "\u00e9\ud83d\ude00\/", "unknown": [1,{"a":null}], "family_name": null } "#
        let contact = try read(text, as: Contact.descriptor).value(Contact.self)
        #expect(contact == Contact(version: 12, givenName: "é😀/"))
    }

    @Test(arguments: [
        "", "{", "{\"version\":}", "{\"version\":\"x\"}", "[]", "{\"given_name\":\"x}",
        "{\"given_name\":\"\\ud800\"}",
    ])
    func damagedTextIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try read(text, as: Contact.descriptor) }
    }

    @Test func deepNestingIsRefused() {
        let text =
            "{\"x\":" + String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000) + "}"
        #expect(throws: JSONError.self) { try read(text, as: Contact.descriptor) }
    }

    @Test func ledgerNamesClearedFields() {
        var writer = JSONWriter()
        let fields = ["city", "phone"].compactMap(SampleService.account.field)
        writer.write(fields, of: Sample.message(Account(city: "Rom")))
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"{"city":"Rom","phone":null}"#)
    }
}

@Suite struct RecordFieldTests {
    @Test func sameMeansSameValueAndSameness() throws {
        let phone = try #require(SampleService.account.field("phone"))
        #expect(phone.isSame(in: Sample.message(Account()), Sample.message(Account())))
        #expect(!phone.isSame(in: Sample.message(Account(phone: "")), Sample.message(Account())))
        let revenue = try #require(SampleService.account.field("annual_revenue"))
        let one = Sample.message(Account(annualRevenue: Money(currencyCode: "EUR", minorUnits: 1)))
        let two = Sample.message(Account(annualRevenue: Money(currencyCode: "USD", minorUnits: 1)))
        #expect(!revenue.isSame(in: one, two))
    }

    @Test func columnsFollowFromNames() throws {
        func columns(_ name: String, _ type: RecordType = SampleService.account) -> [String]? {
            type.field(name)?.columns
        }
        #expect(columns("create_time") == ["created_at"])
        #expect(columns("follow_up_time") == ["follow_up_at"])
        #expect(columns("annual_revenue") == ["annual_revenue_minor", "annual_revenue_currency"])
        #expect(columns("custom_fields") == ["custom"])
        #expect(columns("birth_date", SampleService.contact) == ["birth_on"])
        #expect(columns("owner_id") == ["owner_id"])
        guard case .text = try #require(SampleService.account.field("external_id")).kind,
            case .id = try #require(SampleService.account.field("parent_account_id")).kind
        else {
            Issue.record("a plain text became an id, or the other way round")
            return
        }
    }

    @Test func timesBefore1970Survive() {
        let message = Message.make(Account.descriptor, in: Arena())
        guard let field = SampleService.account.field("create_time"), case .time(let fields) = field.kind else {
            Issue.record("create_time is no time")
            return
        }
        for microseconds in [Int64(-1), -1_000_000, -1_500_000, 0, 1, 1_500_000] {
            field.set(.time(Timestamp(microseconds: microseconds)), in: message)
            #expect(field.value(in: message) == .time(Timestamp(microseconds: microseconds)))
            #expect(
                (0..<1_000_000_000).contains(message.message(field.descriptor)?.int32(fields.nanos) ?? -1))
        }
    }
}

@Suite struct MaskingTests {
    @Test(arguments: [
        ("ann@example.com", "•••@example.com"), ("+49 30 1234567", "•••4567"), ("secret", "•••"), ("", "•••"),
        ("+1234", "•••"), ("@x", "•••"), ("12345678", "•••"), ("Meet @ noon: they sell for 4.2M", "•••"),
        ("Login anna / pass:x@hunter2.example", "•••"), ("Jane @ Secret Ltd", "•••"), ("call +49 30 1234567", "•••"),
        ("ann@example.com, bob@example.com", "•••"),
    ])
    func texts(_ text: String, _ masked: String) {
        #expect(Masking.mask(text) == masked)
        // An answer that is repeated was masked before.
        #expect(Masking.mask(masked) == masked)
    }

    @Test func rightsAreAppliedToOutput() {
        let rights = Sample.rights(
            SampleService.account, [("phone", .masked), ("city", .none), ("annual_revenue", .masked)])
        let record = Sample.message(
            Account(
                displayName: "x", phone: "+49 30 1234567", city: "Rom",
                annualRevenue: Money(currencyCode: "EUR", minorUnits: 1)))
        rights.filter(record)
        #expect(record.value(Account.self) == Account(displayName: "x", phone: "•••4567"))
    }
}

@Suite struct DeclarationTests {
    func problems(_ fields: [FieldRule], table: String = "accounts", constraints: [ConstraintRule] = [])
        -> [String]
    {
        let texts = Account.descriptor.fields.filter { field in
            field.kind == .string && !field.name.hasSuffix("id") && !fields.contains { $0.name == field.name }
        }
        let limits = texts.map { FieldRule.field($0.name, .line(100)) } + [.field("external_id", .line(100))]
        return RecordType(
            Account.self, table: table,
            fields: fields + limits + [.field("tax_id", .line(50))], constraints: constraints
        ).problems
    }

    @Test func goodDeclarationsHaveNoProblems() {
        for type in [SampleService.account, SampleService.contact, SampleService.activity] {
            #expect(type.problems == [])
        }
    }

    @Test func mistakesAreFound() {
        #expect(problems([.field("nonsense")]).count == 1)
        #expect(problems([.field("city", .line(1)), .field("city", .line(1))]).count == 1)
        #expect(problems([.field("version", .line(2))]).count >= 1)
        #expect(problems([.field("email", .format(.email), .line(10))]).count == 1)
        #expect(problems([.field("city", .line(1), .range(0...1))]).count == 1)
        #expect(problems([.field("city", .line(1), .count(0...1))]).count == 1)
        #expect(problems([.field("city", .line(1), .reference(.user))]).count == 1)
        #expect(problems([.field("city", .line(1), .column("order"))]).count == 1)
        #expect(problems([.field("city", .line(1), .column("phone"))]).count == 1)
        #expect(problems([.field("city", .line(1), .column("a; DROP"))]).count == 1)
        #expect(problems([], table: "user").count == 1)
        #expect(
            problems([], constraints: [ConstraintRule("x", fields: ["nonsense"], reason: "X")]).count == 1)
        #expect(problems([.field("create_time", .derived)]).count == 1)
    }

    @Test func textsWithoutALimitAreFound() {
        #expect(problems([]) == [])
        #expect(problems([.field("city")]).count == 1)
        #expect(problems([.field("city", .required)]).count == 1)
        #expect(problems([.field("city", .derived)]) == [])
        func nested(_ items: [FieldRule]) -> [String] {
            let texts = [
                "given_name", "family_name", "job_title", "street", "city", "region", "postal_code", "country_code",
            ]
            let limits = (texts + ["external_id", "description"]).map { FieldRule.field($0, .line(100)) }
            return RecordType(
                Contact.self,
                fields: limits + [.field("contact_points", .items(items))]
            ).problems
        }
        let typed = FieldRule.field("typed", .line(320), .typed)
        #expect(nested([.field("value", .line(320)), .field("label", .line(50)), typed]) == [])
        let found = nested([.field("value", .line(320)), typed])
        #expect(found.count == 1 && found.first?.contains("contact_points.label") == true)
    }

    @Test func ownedRecordsNeedAnOwner() {
        var owned = Pipeline.entry
        owned.ownership = .owned
        let type = RecordType(
            owned,
            fields: [.field("display_name", .line(100)), .field("description", .lines(1000))])
        #expect(type.problems.count == 1)
    }
}
