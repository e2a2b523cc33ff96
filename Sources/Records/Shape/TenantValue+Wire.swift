package import AccessControl
package import Contracts
import Formulas
import Tenancy

extension TenantValue {
    /// Nil for no value.
    package init?(_ value: CustomField) {
        if let text = value.stringValue {
            self = .text(text)
        } else if let number = value.intValue {
            self = .integer(number)
        } else if let number = value.doubleValue {
            self = .number(number)
        } else if let flag = value.boolValue {
            self = .flag(flag)
        } else if let time = value.timeValue {
            self = .time(time)
        } else if let money = value.moneyValue, let units = money.minorUnits, let currency = money.currencyCode {
            self = .money(minorUnits: units, currency: currency)
        } else if !value.stringValues.isEmpty {
            self = .texts(value.stringValues)
        } else {
            return nil
        }
    }

    /// What a formula gives, as records have it.
    init(_ value: FormulaValue) {
        self =
            switch value {
            case .text(let text): .text(text)
            case .date(let day): .text(day.text)
            case .texts(let texts): .texts(texts)
            case .integer(let number): .integer(number)
            case .number(let number): .number(number)
            case .flag(let flag): .flag(flag)
            case .time(let time): .time(time)
            case .money(let units, let currency): .money(minorUnits: units, currency: currency)
            }
    }
}

extension CustomField {
    init(_ value: TenantValue) {
        self.init()
        switch value {
        case .text(let text): stringValue = text
        case .texts(let texts): stringValues = texts
        case .integer(let number): intValue = number
        case .number(let number): doubleValue = number
        case .flag(let flag): boolValue = flag
        case .time(let time): timeValue = time
        case .money(let units, let currency): moneyValue = Money(currencyCode: currency, minorUnits: units)
        }
    }
}

extension FormulaValue {
    /// The same for formulas; nil for a text that is none of the field's days.
    init?(_ value: TenantValue, of field: RecordField) {
        switch value {
        case .text(let text) where field.added?.kind == .date:
            guard let day = CalendarDay(text) else { return nil }
            self = .date(day)
        case .text(let text): self = .text(text)
        case .texts(let texts): self = .texts(texts)
        case .integer(let number): self = .integer(number)
        case .number(let number): self = .number(number)
        case .flag(let flag): self = .flag(flag)
        case .time(let time): self = .time(time)
        case .money(let units, let currency): self = .money(minorUnits: units, currency: currency)
        }
    }
}
