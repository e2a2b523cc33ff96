import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records

/// What the parts of a choice list must be together.
enum ChoiceListRules {
    /// Texts that one list may be bound to.
    static let boundMax = 50

    static func violations(of list: ChoiceList, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        var violations: [FieldViolation] = []
        if !TenantField.isName(list.name ?? "") {
            violations.append(
                FieldViolation(
                    field: "name", reason: "INVALID_FORMAT",
                    description:
                        "name must be 1 to \(TenantField.nameLengthMax) small letters, digits and underscores, "
                        + "a letter first, as in lead_source."))
        }
        violations += FieldDefinitionRules.violations(of: list.labels, at: "labels")
        violations += entryViolations(of: list) + boundViolations(of: list, catalogue)
        return violations
    }

    private static func entryViolations(of list: ChoiceList) -> [FieldViolation] {
        let retired = Dictionary(
            list.entries.map { ($0.value ?? "", $0.retired == true) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        return list.entries.enumerated().flatMap { index, entry -> [FieldViolation] in
            var violations: [FieldViolation] = []
            let (place, value) = ("entries[\(index)]", entry.value ?? "")
            func refuse(_ part: String, _ reason: String, _ text: String) {
                violations.append(FieldViolation(field: "\(place).\(part)", reason: reason, description: text))
            }
            if !seen.insert(value).inserted {
                refuse("value", "DUPLICATE", "The value \(value) is there twice; make the two entries one.")
            }
            if let colour = entry.colour, !ColourForm.accepts(colour) {
                refuse("colour", "INVALID_FORMAT", ColourForm.expectation)
            }
            violations += FieldDefinitionRules.violations(of: entry.labels, at: "\(place).labels")
            guard let successor = entry.mergedInto else { return violations }
            if entry.retired != true {
                refuse("merged_into", "NOT_APPLICABLE", "Only an entry that is retired has a successor; leave it out.")
            } else if retired[successor] != false {
                refuse(
                    "merged_into", "CHOICE_UNKNOWN", "\(successor) is no entry of the list that may be chosen.")
            }
            return violations
        }
    }

    private static func boundViolations(of list: ChoiceList, _ catalogue: RoleCatalogue) -> [FieldViolation] {
        var seen: Set<String> = []
        return list.boundFields.enumerated().compactMap { index, path in
            let place = "bound_fields[\(index)]"
            guard catalogue.bindable.contains(path) else {
                return FieldViolation(
                    field: place, reason: "FIELD_UNKNOWN",
                    description: "A list can be bound to: \(catalogue.bindable.sorted().joined(separator: ", ")); "
                        + "a field of the workspace's own names its list itself (choice_list).")
            }
            guard seen.insert(path).inserted else {
                return FieldViolation(
                    field: place, reason: "DUPLICATE", description: "\(path) is there twice; name it once.")
            }
            return nil
        }
    }
}
