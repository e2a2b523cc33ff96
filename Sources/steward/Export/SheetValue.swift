import Contracts
import Foundation
import Money
import Tenancy
import Wire

/// What a cell of a workbook holds: a text, or a number, which is an amount, a day or a moment by the format that it is shown in.
enum SheetValue: Equatable {
    case text(String)
    case number(Double, SheetFormat)

    /// A cell is a number only where that loses nothing: a workbook keeps 16 digits of a floating-point number, and shows 15.
    ///
    /// - Parameter kind: of a field that the workspace has added, what its values are.
    init(_ column: RecordColumn, of record: Message, _ names: ReferenceNames, kind: ValueKind? = nil) {
        if case .field(let field) = column,
            let value = Self.number(field, of: record, isDay: field.name.hasSuffix("_date"))
        {
            self = value
        } else if let (item, field) = column.customValue(in: record),
            let value = Self.number(field, of: item, isDay: kind == .date)
        {
            self = value
        } else {
            self = .text(column.cell(of: record, names))
        }
    }

    private static func number(_ field: FieldDescriptor, of record: Message, isDay: Bool) -> SheetValue? {
        guard !field.isRepeated else { return nil }
        switch field.kind {
        case .string: return isDay ? record.string(field).flatMap(day) : nil
        case .message: return record.message(field).flatMap { moment($0) ?? amount($0) }
        default:
            guard let number = Double(FieldText.number(field, of: record)), isKept(number) else { return nil }
            return .number(number, .plain)
        }
    }

    /// Whole numbers below are exact in a floating-point number.
    private static let exactMax = Double(1 << 53)

    private static func isKept(_ number: Double) -> Bool {
        abs(number) < exactMax && Double(String(format: "%.16G", number)) == number
    }

    // MARK: Days and moments

    /// Day 0 of a workbook, as a day since 1970. Before the first of March 1900 programs do not agree on the days: workbooks know a
    /// 29th of February in that year.
    private static let firstDay = -25_569
    private static let daysAgreed = 61..<2_958_466

    private static func day(_ text: String) -> SheetValue? {
        guard let day = CalendarDay(text),
            case let number = day.daysSince1970 - firstDay, daysAgreed.contains(number)
        else { return nil }
        return .number(Double(number), .day)
    }

    private static func moment(_ message: Message) -> SheetValue? {
        guard let time = MessageJSON.timestamp(message) else { return nil }
        let days = Double(time.microseconds) / 86_400_000_000 - Double(firstDay)
        guard days >= Double(daysAgreed.lowerBound), days < Double(daysAgreed.upperBound) else { return nil }
        return .number(days, .moment)
    }

    // MARK: Amounts

    /// Minor units up to here have 15 digits.
    private static let unitsMax: Int64 = 999_999_999_999_999

    private static func amount(_ message: Message) -> SheetValue? {
        guard message.descriptor.name == "steward.type.v1.Money",
            let units = message.descriptor.field("minor_units"), let code = message.descriptor.field("currency_code"),
            let currency = message.string(code).flatMap(Currency.init(code:)),
            case let minor = message.int64(units), (-unitsMax...unitsMax).contains(minor)
        else { return nil }
        let number = Double(minor) / pow(10, Double(currency.digits))
        return .number(number, .amount(currency))
    }
}

/// How a workbook shows a number.
enum SheetFormat: Hashable {
    /// As it is.
    case plain
    case day
    /// In UTC, and saying so.
    case moment
    case amount(Currency)

    /// In the language of workbooks; nil for what needs none.
    var code: String? {
        switch self {
        case .plain: nil
        case .day: "yyyy\\-mm\\-dd"
        case .moment: "yyyy\\-mm\\-dd\\ hh:mm:ss\\ \"UTC\""
        case .amount(let currency):
            "#,##0\(currency.digits == 0 ? "" : "." + String(repeating: "0", count: currency.digits))\\ [$\(currency.code)]"
        }
    }

    /// Characters that a column needs so that its values are shown, not a row of # signs; nil for the usual width.
    ///
    /// - Parameter kind: of a field that the workspace has added, what its values are.
    static func width(of column: RecordColumn, kind: ValueKind? = nil) -> Double? {
        switch kind ?? self.kind(of: column) {
        case .date: 11
        case .time: 24
        case .money: 20
        default: nil
        }
    }

    /// Of a field that all workspaces have.
    private static func kind(of column: RecordColumn) -> ValueKind? {
        guard case .field(let field) = column, !field.isRepeated else { return nil }
        switch field.kind {
        case .string: return field.name.hasSuffix("_date") ? .date : nil
        case .message(let type) where type.name == "google.protobuf.Timestamp": return .time
        case .message(let type) where type.name == "steward.type.v1.Money": return .money
        default: return nil
        }
    }
}
