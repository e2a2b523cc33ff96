import Contracts
import Money
import SalesContracts
import Wire

/// A board as text: a block for each stage, with a bar for the number of its deals. Amounts of several currencies have no common
/// measure.
enum BoardText {
    private static let barColumns = 24

    static func lines(_ board: GetBoardResponse, width: Int) -> [String] {
        let largest = board.columns.map { $0.dealCount ?? 0 }.max() ?? 0
        var lines = [Style.bold(board.displayName ?? ""), ""]
        let nameWidth = board.columns.map { TextWidth.columns($0.displayName ?? "") }.max() ?? 0
        for column in board.columns {
            lines.append(head(column, nameWidth: nameWidth, largest: largest))
            lines += column.deals.map { TextWidth.truncated(deal($0, indent: nameWidth), to: width) }
        }
        return lines
    }

    /// The board as JSON, or as CSV with a row for each stage.
    static func show(_ answer: Message, _ format: OutputFormat) throws {
        guard format.isCSV, let field = answer.descriptor.field("columns") else {
            return try RecordPrinter(format: format, columns: []).show(one: answer)
        }
        let columns = ["stage_id", "display_name", "category", "deal_count", "sums", "weighted_sums"]
        try RecordPrinter(format: format, columns: columns).show(
            answer.messages(field), of: BoardColumn.descriptor, preferred: [])
    }

    private static func head(_ column: BoardColumn, nameWidth: Int, largest: Int64) -> String {
        let share = largest > 0 ? Double(column.dealCount ?? 0) / Double(largest) : 0
        let filled = Int((share * Double(barColumns)).rounded())
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: barColumns - filled)
        let colour: Style = column.category == .won ? .green : column.category == .lost ? .red : .blue
        let name = TextWidth.padded(column.displayName ?? "", to: nameWidth)
        let count = TextWidth.padded(String(column.dealCount ?? 0), to: 6, right: true)
        let sums = column.sums.map(sum).joined(separator: " + ")
        let deals = column.dealCount == 1 ? "deal " : "deals"
        return "\(Style.bold(name))  \(colour(bar)) \(count) \(deals)  \(sums)"
    }

    private static func deal(_ deal: Deal, indent: Int) -> String {
        let parts = [deal.amount.map(money), deal.closeDate].compactMap { $0 }.joined(separator: "  ")
        return String(repeating: " ", count: indent + 2) + Style.dim("· ") + (deal.displayName ?? "") + "  " + parts
    }

    private static func sum(_ sum: MoneySum) -> String {
        MoneyText.text(minorUnitDigits: digits(sum), currency: sum.currencyCode ?? "")
    }

    private static func digits(_ sum: MoneySum) -> String { sum.largeMinorUnits ?? String(sum.minorUnits ?? 0) }

    private static func money(_ money: Money) -> String {
        MoneyText.text(minorUnits: money.minorUnits ?? 0, currency: money.currencyCode ?? "")
    }
}
