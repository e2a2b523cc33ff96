import CustomerContracts
import RPC
import Testing

@testable import CustomerService

@Suite struct ContactPointsTests {
    private func point(_ kind: ContactPointKind, _ value: String, primary: Bool? = nil) -> ContactPoint {
        ContactPoint(kind: kind, value: value, primary: primary)
    }

    @Test func acceptsWhatIsWellFormed() {
        let points = [
            point(.email, "li@example.com", primary: true), point(.phone, "+49 30 1234567", primary: true),
            point(.mobile, "+86 138 0013 8000"), point(.social, "@whatever"),
        ]
        #expect(ContactPoints.violations(points).isEmpty)
    }

    @Test(arguments: [(ContactPointKind.email, "nobody"), (.phone, "1234"), (.mobile, "+12x")])
    func refusesValuesOfTheWrongForm(_ kind: ContactPointKind, _ value: String) {
        let violations = ContactPoints.violations([point(.social, "x"), point(kind, value)])
        #expect(violations.map(\.field) == ["contact_points[1].value"])
        #expect(violations.map(\.reason) == ["INVALID_FORMAT"])
    }

    @Test func refusesTwoPrimaryOnesOfAKind() {
        let points = [
            point(.email, "a@example.com", primary: true), point(.phone, "+49301234567", primary: true),
            point(.email, "b@example.com", primary: true),
        ]
        #expect(ContactPoints.violations(points).map(\.field) == ["contact_points[2].primary"])
    }
}
