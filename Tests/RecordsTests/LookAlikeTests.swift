import CustomerContracts
import RPC
import TestService
import Testing
import Wire

@testable import Records

/// Two records whose keys look the same would be taken for one.
@Suite struct LookAlikeTests {
    func violations(_ account: Account) -> [FieldViolation] {
        let record = Sample.message(account)
        for field in SampleService.account.fields { field.normalizeTexts(in: record, .anywhere) }
        return RecordValidator.violations(in: record, fields: SampleService.account.fields)
    }

    @Test(arguments: ["un\u{200b}iq1", "uniq1\u{e0041}", "un\u{200d}iq1", "un\u{ad}iq1", "un\u{feff}iq1"])
    func aKeyThatLooksLikeAnotherIsRefused(_ text: String) {
        for account in [Account(displayName: "x", externalID: text), Account(displayName: "x", taxID: text)] {
            #expect(violations(account).map(\.reason) == ["FORBIDDEN_CHARACTER"])
        }
        #expect(violations(Account(displayName: "x", externalID: text)).first?.description.contains("U+") == true)
    }

    /// Such as the name of a stage, which is unique in its pipeline.
    @Test func soIsOneOfSeveralFieldsThatAreUniqueTogether() {
        let type = RecordType(
            Account.self, fields: [.field("display_name", .required, .line(200)), .field("city", .line(200))],
            constraints: [
                ConstraintRule(
                    "accounts_display_name_key", fields: ["display_name", "parent_account_id"], reason: "TAKEN")
            ])
        func reasons(_ account: Account) -> [String] {
            RecordValidator.violations(in: Sample.message(account), fields: type.fields).map(\.reason)
        }
        #expect(reasons(Account(displayName: "un\u{200b}iq1")) == ["FORBIDDEN_CHARACTER"])
        #expect(reasons(Account(displayName: "uniq1", city: "un\u{200b}iq1")) == [])
    }

    @Test func namesKeepWhatTheirScriptsNeed() {
        for name in ["می\u{200c}خواهم", "👩\u{200d}👧", "❤\u{fe0f}", "a\u{200b}b"] {
            #expect(violations(Account(displayName: name)) == [])
        }
        for name in ["a\u{e0041}", "a\u{e000}"] {
            #expect(violations(Account(displayName: name)).map(\.reason) == ["FORBIDDEN_CHARACTER"])
            #expect(violations(Account(displayName: "x", description: name)).map(\.reason) == ["FORBIDDEN_CHARACTER"])
        }
    }
}
