/// A table for people: a header, rows, columns as wide as their content, cut to the width of the terminal.
struct Table {
    struct Column {
        let title: String
        /// Numbers stand to the right.
        var alignsRight = false
        /// Ids are for copying: half of one is of no use.
        var keepsWidth = false
    }

    let columns: [Column]
    var rows: [[String]] = []

    /// The least that a column is narrowed to before others are.
    private static let columnWidthMin = 8

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
        var padded = zip(cells, zip(columns, widths)).map { cell, shape in
            let (column, width) = shape
            return TextWidth.padded(
                TextWidth.truncated(cell.text, to: width), to: width, right: column.alignsRight)
        }
        if let last = padded.indices.last {
            while padded[last].hasSuffix(" ") { padded[last].removeLast() }
        }
        return style(padded.joined(separator: "  "))
    }

    /// Widths of the columns: their content's, and while that is too much the widest column that may be cut gives way.
    private func fitted(to width: Int) -> [Int] {
        var widths = columns.indices.map { index in
            max(
                TextWidth.columns(columns[index].title),
                rows.map { TextWidth.columns(Cell(text: $0[index]).text) }.max() ?? 0)
        }
        let gaps = 2 * max(0, columns.count - 1)
        while widths.reduce(gaps, +) > width,
            let widest = widths.indices.filter({ !columns[$0].keepsWidth }).max(by: { widths[$0] < widths[$1] }),
            widths[widest] > Table.columnWidthMin
        {
            widths[widest] -= 1
        }
        return widths
    }
}
