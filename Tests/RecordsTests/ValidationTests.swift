import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

@Suite struct FieldFormatTests {
    @Test(arguments: [
        "ann@example.com", "a.b+c@sub.example.co.uk", "müller@bücher.de", "王@例子.中国", "o'neil@example.ie",
    ])
    func emails(_ text: String) { #expect(FieldFormat.email.accepts(text)) }

    @Test(arguments: [
        "", "ann", "ann@", "@example.com", "ann@example", "ann @example.com", "ann@exa mple.com", "a@b@c.de",
        ".a@example.com", "a..b@example.com", "ann@-example.com", "ann@example..com", "<a@example.com>",
        "a\n@example.com", "a.@example.com", "ann@example-.com", "ann@example.com-", "ann@.example.com",
        "ann@example.com.", "ann@\u{301}example.com", "ann@example.\u{308}com",
    ])
    func wrongEmails(_ text: String) { #expect(!FieldFormat.email.accepts(text)) }

    @Test func phones() {
        for text in ["+49 30 1234567", "+1 (555) 010-9999", "+8613800138000"] {
            #expect(FieldFormat.phone.accepts(text))
        }
        for text in ["", "030 1234567", "+", "+12345", "+1234567890123456", "+49 30 12x4567", "++4930123456"] {
            #expect(!FieldFormat.phone.accepts(text), "\(text)")
        }
    }

    @Test func urls() {
        for text in ["https://example.com", "http://localhost:8080/a?b#c", "HTTPS://例子.中国/路"] {
            #expect(FieldFormat.url.accepts(text), "\(text)")
        }
        for text in [
            "example.com", "ftp://example.com", "javascript:alert(1)", "https://", "https://a b.com",
            "https://user@example.com", "https://example.com:99999", "https://exa_mple.com\n", "https://example.com:",
            "https://-example.com", "https://example..com", "https:/example.com", "https", "https://example.com/\u{a0}",
        ] {
            #expect(!FieldFormat.url.accepts(text), "\(text)")
        }
    }

    @Test func codes() {
        #expect(
            FieldFormat.currency.accepts("EUR") && !FieldFormat.currency.accepts("eur")
                && !FieldFormat.currency.accepts("XXX"))
        #expect(FieldFormat.country.accepts("DE") && !FieldFormat.country.accepts("ZZ"))
        #expect(
            FieldFormat.language.accepts("zh-CN") && !FieldFormat.language.accepts("z")
                && !FieldFormat.language.accepts("en_US"))
        #expect(FieldFormat.timeZone.accepts("Europe/Berlin") && FieldFormat.timeZone.accepts("UTC"))
    }

    @Test(arguments: [
        "UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "America/Ciudad_Juarez",
        "Europe/Kyiv",
        "Etc/GMT+5", "US/Pacific",
    ])
    func timeZones(_ text: String) { #expect(FieldFormat.timeZone.accepts(text)) }

    @Test(arguments: [
        "", "Berlin", "Etc/Unknown", "CET", "EST5EDT", "PST", "GMT+1", "Europe/Nowhere", "europe/berlin", "+01:00",
        "Factory",
        "../etc/passwd",
    ])
    func wrongTimeZones(_ text: String) { #expect(!FieldFormat.timeZone.accepts(text)) }
}

@Suite struct RecordValidatorTests {
    func violations(_ account: Account) -> [String] {
        let message = Sample.message(account)
        for field in SampleService.account.fields { field.normalizeTexts(in: message, .anywhere) }
        return RecordValidator.violations(in: message, fields: SampleService.account.fields).map {
            "\($0.field) \($0.reason)"
        }
    }

    @Test func everyRuleRefuses() {
        let long = String(repeating: "x", count: 201)
        #expect(violations(Account(displayName: "Fine")) == [])
        #expect(violations(Account()) == ["display_name REQUIRED"])
        #expect(violations(Account(displayName: "")) == ["display_name REQUIRED"])
        #expect(violations(Account(displayName: long)) == ["display_name TOO_LONG"])
        #expect(violations(Account(displayName: "x", phone: "12")) == ["phone INVALID_FORMAT"])
        #expect(
            violations(Account(displayName: "x", parentAccountID: "12")) == ["parent_account_id INVALID_ID"])
        #expect(violations(Account(ownerID: "me", displayName: "x")) == ["owner_id INVALID_ID"])
        #expect(
            violations(Account(displayName: "x", annualRevenue: Money(currencyCode: "E", minorUnits: -1)))
                == ["annual_revenue.currency_code INVALID_FORMAT", "annual_revenue.minor_units OUT_OF_RANGE"])
        #expect(
            violations(Account(displayName: "x", annualRevenue: Money(currencyCode: "EUR")))
                == ["annual_revenue.minor_units REQUIRED"])
        #expect(
            violations(Account(displayName: "x", followUpTime: Timestamp(microseconds: .max)))
                == ["follow_up_time INVALID_TIME"])
        #expect(
            violations(Account(customFields: [CustomField(name: "a", stringValue: "b")], displayName: "x"))
                == ["custom_fields CUSTOM_FIELD_UNKNOWN"])
    }

    @Test func lengthCountsCharactersNotBytes() {
        #expect(violations(Account(displayName: String(repeating: "北", count: 200))) == [])
    }

    @Test func whatIsFarTooLongIsNotNormalized() {
        let text = String(repeating: "\u{301}\u{323}", count: 1_000_000)
        #expect(violations(Account(displayName: text)) == ["display_name TOO_LONG"])
        #expect(violations(Account(id: text, displayName: "x")) == ["id INVALID_ID"])
    }

    @Test func lengthIsCountedInTheNormalizedText() {
        #expect(violations(Account(displayName: "   " + String(repeating: "e\u{301}", count: 200) + "\u{200b}")) == [])
        #expect(
            violations(Account(displayName: String(repeating: "e\u{301}", count: 201))) == ["display_name TOO_LONG"])
    }

    @Test(arguments: ["   ", "\u{3000}", "\u{200b}", "\n"])
    func blanksAreNoName(_ text: String) {
        #expect(violations(Account(displayName: text)) == ["display_name REQUIRED"])
        #expect(violations(Account(displayName: "x", externalID: text, email: text)) == [])
    }

    @Test(arguments: ["a\nb", "a\u{7}b", "a\u{1b}[31mb", "a\u{202e}b", "a\u{2066}b"])
    func oneLineHasNoControlCharacters(_ text: String) {
        #expect(violations(Account(displayName: text)) == ["display_name FORBIDDEN_CHARACTER"])
        let website = "https://example.com/a\u{202e}b"
        #expect(violations(Account(displayName: "x", website: website)) == ["website FORBIDDEN_CHARACTER"])
        #expect(violations(Account(displayName: "x", phone: "+49 30\n1234567")) == ["phone INVALID_FORMAT"])
        #expect(violations(Account(displayName: "x", countryCode: "Atlantis")) == ["country_code INVALID_FORMAT"])
    }

    @Test func descriptionsHaveLines() {
        #expect(violations(Account(displayName: "x", description: "a\r\n\tb\u{2028}c")) == [])
        #expect(violations(Account(displayName: "x", description: "a\u{b}b")) == ["description FORBIDDEN_CHARACTER"])
    }

    @Test func textsOfNestedMessagesAreNormalizedInACopy() throws {
        let point = ContactPoint(kind: .email, value: " a@example.com ", label: "  ")
        let request = Sample.message(Contact(givenName: "Zoe\u{308} ", contactPoints: [point]))
        let record = request.copy()
        for field in SampleService.contact.fields { field.normalizeTexts(in: record, .anywhere) }
        let contact = record.value(Contact.self)
        #expect(contact.contactPoints == [ContactPoint(kind: .email, value: "a@example.com")])
        #expect(contact.givenName?.unicodeScalars.count == 3)
        #expect(request.value(Contact.self).contactPoints == [point])
    }

    @Test func nestedMessagesAreChecked() {
        let contact = Sample.message(
            Contact(contactPoints: [
                ContactPoint(kind: .email, value: "a@example.com"), ContactPoint(value: ""),
                ContactPoint(kind: ContactPointKind(rawValue: 77), value: "x"),
            ]))
        for field in SampleService.contact.fields { field.normalizeTexts(in: contact, .anywhere) }
        let found = RecordValidator.violations(in: contact, fields: SampleService.contact.fields).map {
            "\($0.field) \($0.reason)"
        }
        #expect(
            found == [
                "contact_points[1].kind REQUIRED", "contact_points[1].value REQUIRED",
                "contact_points[2].kind UNKNOWN_VALUE",
            ])
    }

    @Test func birthdaysHaveBeen() {
        let born = RecordType(Contact.self, fields: [.field("birth_date", .past(sinceYear: 1875))]).fields
        func found(_ day: String) -> [String] {
            let contact = Sample.message(Contact(familyName: "x", birthDate: day))
            return RecordValidator.violations(in: contact, fields: born).map(\.reason)
        }
        let today = CalendarDay.latestToday()
        #expect(found("1875-01-01") == [] && found("2000-02-29") == [] && found(today.text) == [])
        for day in ["2099-01-01", CalendarDay(daysSince1970: today.daysSince1970 + 1).text, "1874-12-31", "0085-03-01"]
        {
            #expect(found(day) == ["OUT_OF_RANGE"], "\(day)")
        }
        #expect(found("2001-02-29") == ["INVALID_DATE"])
    }

    @Test func enumsMustBeKnown() {
        func found(_ activity: Activity) -> [String] {
            RecordValidator.violations(in: Sample.message(activity), fields: SampleService.activity.fields)
                .map { "\($0.field) \($0.reason)" }
        }
        #expect(found(Activity(kind: .call, subject: "x", direction: .unspecified)) == [])
        #expect(found(Activity(kind: .unspecified, subject: "x")) == ["kind UNSPECIFIED"])
        #expect(found(Activity(kind: ActivityKind(rawValue: 9), subject: "x")) == ["kind UNKNOWN_VALUE"])
        #expect(
            found(Activity(kind: .call, subject: "x", durationSeconds: -1)) == [
                "duration_seconds OUT_OF_RANGE"
            ])
    }
}
