package import AccessControl
package import Contracts

extension TenantKindChange {
    /// Nil for one to a kind that this version does not know.
    package init?(_ change: FieldKindChange) {
        guard let kind = change.kind.flatMap({ TenantField.Kind($0) }) else { return nil }
        self.init(
            number: change.number ?? 0, kind: kind, lengthMax: change.lengthMax.map { Int($0) },
            choices: change.choices, choiceList: change.choiceList, decimals: change.decimals.map { Int($0) },
            currency: change.currencyCode)
    }
}

extension TenantField.Kind {
    package init?(_ kind: FieldKind) {
        switch kind {
        case .text: self = .text
        case .longText: self = .longText
        case .wholeNumber: self = .wholeNumber
        case .number: self = .number
        case .money: self = .money
        case .yesNo: self = .yesNo
        case .date: self = .date
        case .time: self = .time
        case .choice: self = .choice
        case .choices: self = .choices
        case .email: self = .email
        case .phone: self = .phone
        case .url: self = .url
        case .reference: self = .reference
        default: return nil
        }
    }
}
