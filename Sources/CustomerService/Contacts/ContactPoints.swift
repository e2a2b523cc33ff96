import CustomerContracts
import RPC
import Records

/// Rules of the ways to reach a contact.
enum ContactPoints {
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
