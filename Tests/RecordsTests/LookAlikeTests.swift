import Contracts
import RPC
import Testing
import Wire

@testable import Records

/// Two records whose keys look the same would be taken for one.
@Suite struct LookAlikeTests {
    func violations(_ account: Account) -> [FieldViolation] {
        let record = Sample.message(account)
        for field in Sample.account.fields { field.normalizeTexts(in: record) }
        return RecordValidator.violations(in: record, fields: Sample.account.fields)
    }

    @Test(arguments: ["un\u{200b}iq1", "uniq1\u{e0041}", "un\u{200d}iq1", "un\u{ad}iq1", "un\u{feff}iq1"])
    func aKeyThatLooksLikeAnotherIsRefused(_ text: String) {
        for account in [Account(displayName: "x", externalID: text), Account(displayName: "x", taxID: text)] {
            #expect(violations(account).map(\.reason) == ["FORBIDDEN_CHARACTER"])
        }
        #expect(violations(Account(displayName: "x", externalID: text)).first?.description.contains("U+") == true)
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
