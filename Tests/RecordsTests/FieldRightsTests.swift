import AccessControl
import Postgres
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

@Suite struct FieldRightsTests {
    /// Masking leaves a part of texts and of what holds texts; a number or a moment is gone, and so is that it was changed.
    @Test func whatMaskingTakesAwayIsNotShown() {
        let type = SampleService.account
        let all = type.fields.map(\.name)
        #expect(Sample.rights(type).shownFields.map(\.name) == all)
        for (field, level, isShown) in [
            ("email", FieldLevel.none, false), ("email", .masked, true), ("email", .read, true),
            ("annual_revenue", .masked, false), ("annual_revenue", .read, true), ("create_time", .masked, false),
        ] {
            let shown = Sample.rights(type, [(field, level)]).shownFields.map(\.name)
            let expected = all.filter { isShown || $0 != field }
            #expect(shown == expected, "\(field) \(level)")
        }
    }
}
