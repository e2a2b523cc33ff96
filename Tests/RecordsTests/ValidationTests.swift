import Contracts
import RPC
import Tenancy
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
        "a\n@example.com",
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
            "https://user@example.com", "https://example.com:99999", "https://exa_mple.com\n",
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
        #expect(
            FieldFormat.timeZone.accepts("America/Argentina/Buenos_Aires")
                && !FieldFormat.timeZone.accepts("Berlin"))
    }
}

@Suite struct RecordValidatorTests {
    func violations(_ account: Account) -> [String] {
        let message = Sample.message(account)
        return RecordValidator.violations(in: message, fields: Sample.account.fields).map {
            "\($0.field) \($0.reason)"
        }
    }

    @Test func everyRuleRefuses() {
        let long = String(repeating: "x", count: 201)
        #expect(violations(Account(displayName: "Fine")) == [])
        #expect(violations(Account()) == ["display_name REQUIRED"])
        #expect(violations(Account(displayName: "")) == ["display_name TOO_SHORT"])
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

    @Test func nestedMessagesAreChecked() {
        let contact = Sample.message(
            Contact(contactPoints: [
                ContactPoint(kind: .email, value: "a@example.com"), ContactPoint(value: ""),
                ContactPoint(kind: ContactPointKind(rawValue: 77), value: "x"),
            ]))
        let found = RecordValidator.violations(in: contact, fields: Sample.contact.fields).map {
            "\($0.field) \($0.reason)"
        }
        #expect(
            found == [
                "contact_points[1].kind REQUIRED", "contact_points[1].value TOO_SHORT",
                "contact_points[2].kind UNKNOWN_VALUE",
            ])
    }

    @Test func enumsMustBeKnown() {
        func found(_ activity: Activity) -> [String] {
            RecordValidator.violations(in: Sample.message(activity), fields: Sample.activity.fields)
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
