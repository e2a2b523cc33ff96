import CustomerContracts
import RPC
import Records
import Text

/// Rules of the ways to reach a contact.
enum ContactPoints {
    /// Of one contact.
    static let countMax = 20

    static func violations(_ points: [ContactPoint]) -> [FieldViolation] {
        points.indices.compactMap { violation(points[$0], at: $0) } + primaryViolations(points)
    }

    /// E-mail addresses and phone numbers have the form that their fields elsewhere have.
    private static func violation(_ point: ContactPoint, at index: Int) -> FieldViolation? {
        guard let value = point.value, let format = format(of: point.kind), !format.accepts(value) else { return nil }
        return FieldViolation(
            field: "contact_points[\(index)].value", reason: "INVALID_FORMAT",
            description: "It must be \(format.expectation).")
    }

    private static func format(of kind: ContactPointKind?) -> FieldFormat? {
        switch kind {
        case .email: .email
        case .phone, .mobile: .phone
        default: nil
        }
    }

    /// Each in the form of its kind, with what was typed for a number beside it as long as the number is that one.
    static func inForm(_ points: [ContactPoint], _ forms: NormalForms) -> [ContactPoint] {
        // More are refused without a look at any.
        guard points.count <= countMax else { return points }
        return points.map { point in
            guard let value = point.value else { return point }
            var point = point
            let format = format(of: point.kind)
            let form = { (text: String) in format.map { forms.form(of: text, as: $0) } ?? NormalForms.reach(text) }
            point.value = form(value)
            let given = PhoneNumber.typed(value)
            if point.value != given, format == .phone {
                point.typed = given
            } else if let typed = point.typed, let value = point.value,
                format != .phone || form(typed) != value && !PhoneNumber.isTyped(typed, for: value)
            {
                point.typed = nil
            }
            return point
        }
    }

    private static func primaryViolations(_ points: [ContactPoint]) -> [FieldViolation] {
        var kinds: Set<ContactPointKind> = []
        return points.indices.compactMap { index in
            guard points[index].primary == true, let kind = points[index].kind else { return nil }
            guard !kinds.insert(kind).inserted else { return nil }
            return FieldViolation(
                field: "contact_points[\(index)].primary", reason: "DUPLICATE",
                description: "At most one contact point of a kind is primary; clear the others.")
        }
    }
}
