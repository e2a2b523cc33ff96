/// A table for people: a header, rows, columns as wide as their content. Where the terminal is narrower, texts are cut and
/// columns that nobody asked for left out, ids first; half a number, amount, time or id would be of no use.
struct Table {
    struct Column {
        let title: String
        /// Numbers stand to the right.
        var alignsRight = false
        /// Numbers, times and ids are never cut.
        var keepsWidth = false
        /// Nil: it was asked for. Of others those with the highest number are left out first.
        var dispensability: Int?
    }

    let columns: [Column]
    var rows: [[String]] = []

    /// The least that a text is narrowed to before columns are left out.
    private static let columnWidthMin = 12

    /// The table with as many of its columns as there is room for, and the titles of the others.
    func fitting(_ width: Int) -> (table: Table, leftOut: [String]) {
        var table = self
        var leftOut: [String] = []
        while table.widthMin > width, let index = table.mostDispensable {
            leftOut.append(table.columns[index].title)
            table = table.without(index)
        }
        return (table, leftOut)
    }

    /// The column to leave out first; nil for the last one, and when all were asked for.
    private var mostDispensable: Int? {
        let indices = columns.indices.filter { columns[$0].dispensability != nil }
        guard columns.count > 1 else { return nil }
        return indices.max { columns[$0].dispensability ?? 0 < columns[$1].dispensability ?? 0 }
    }

    private func without(_ index: Int) -> Table {
        var (columns, rows) = (columns, rows)
        columns.remove(at: index)
        for row in rows.indices { rows[row].remove(at: index) }
        return Table(columns: columns, rows: rows)
    }

    /// The lines of the table, header first. A line holds no trailing space.
    func lines(width: Int) -> [String] {
        let widths = fitted(to: width)
        let header = line(columns.map { Cell(text: $0.title.uppercased()) }, widths) { Style.dim($0) }
        return [header] + rows.map { line($0.map { Cell(text: $0) }, widths) { $0 } }
    }

    private struct Cell {
        /// Control characters, line breaks among them, and those that turn the direction would break the table.
        let text: String

        init(text: String) {
            self.text = String(
                String.UnicodeScalarView(
                    text.unicodeScalars.map { TerminalText.isHarmful($0) ? " " : $0 }))
        }
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: (String) -> String) -> String {
        var line = zip(cells, zip(columns, widths)).map { cell, shape in
            let (column, width) = shape
            return TextWidth.padded(
                TextWidth.truncated(cell.text, to: width), to: width, right: column.alignsRight)
        }.joined(separator: "  ")
        while line.hasSuffix(" ") { line.removeLast() }
        return style(line)
    }

    /// Widths of the columns: their content's, and while that is too much the widest column that may be cut gives way.
    private func fitted(to width: Int) -> [Int] {
        var widths = naturalWidths
        while widths.reduce(gaps, +) > width,
            let widest = widths.indices.filter({ !columns[$0].keepsWidth }).max(by: { widths[$0] < widths[$1] }),
            widths[widest] > 1
        {
            widths[widest] -= 1
        }
        return widths
    }

    /// Columns of the gaps.
    private var gaps: Int { 2 * max(0, columns.count - 1) }

    private var naturalWidths: [Int] {
        columns.indices.map { index in
            max(
                TextWidth.columns(columns[index].title),
                rows.map { TextWidth.columns(Cell(text: $0[index]).text) }.max() ?? 0)
        }
    }

    /// The width with all texts as narrow as they may be.
    private var widthMin: Int {
        zip(columns, naturalWidths).reduce(gaps) { sum, column in
            sum + (column.0.keepsWidth ? column.1 : min(column.1, Table.columnWidthMin))
        }
    }
}
