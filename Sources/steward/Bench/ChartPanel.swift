/// One diagram of a chart: axes with units, lines, and what each line is. Written as SVG, in classes that `BenchChart` gives
/// their colours.
struct ChartPanel {
    struct Line {
        let name: String
        /// Class of its colour.
        let style: String
        /// Pieces, since there may be stretches without values.
        let pieces: [[(x: Double, y: Double)]]
        /// The area below is filled.
        var isFilled = false
    }

    let title: String
    let xLabel: String
    let yLabel: String
    let x: ChartAxis
    let y: ChartAxis
    let lines: [Line]

    /// Room for the labels left of and below the diagram.
    static let (left, right, above, below) = (64.0, 16.0, 46.0, 44.0)

    func svg(top: Double, width: Double, height: Double) -> [String] {
        let box = Box(
            left: Self.left, top: top + Self.above, width: width - Self.left - Self.right,
            height: height - Self.above - Self.below)
        return heading(top, width) + yTicks(box) + xTicks(box) + lines.flatMap { draw($0, in: box) } + [
            text(box.left + box.width / 2, box.top + box.height + 36, "dim", "middle", xLabel)
        ]
    }

    /// The diagram without its labels, in pixels from the top left.
    private struct Box {
        let left, top, width, height: Double
        func x(_ place: Double) -> Double { left + min(1, max(0, place)) * width }
        func y(_ place: Double) -> Double { top + (1 - min(1, max(0, place))) * height }
    }

    private func heading(_ top: Double, _ width: Double) -> [String] {
        var elements = [
            text(Self.left, top + 18, "title", "start", title), text(Self.left, top + 36, "dim", "start", yLabel),
        ]
        var right = width - Self.right
        for line in lines.reversed() where lines.count > 1 {
            elements.append(text(right, top + 36, "ink", "end", line.name))
            right -= Double(line.name.count) * 7 + 8
            elements.append("<path class=\"line \(line.style)\" d=\"M\(number(right - 18)) \(number(top + 32))h18\"/>")
            right -= 34
        }
        return elements
    }

    private func yTicks(_ box: Box) -> [String] {
        y.ticks.flatMap { tick in
            let place = box.y(y.place(tick.value))
            return [
                "<path class=\"grid\" d=\"M\(number(box.left)) \(number(place))h\(number(box.width))\"/>",
                text(box.left - 8, place + 4, "dim", "end", tick.label),
            ]
        }
    }

    private func xTicks(_ box: Box) -> [String] {
        x.ticks.flatMap { tick in
            let place = box.x(x.place(tick.value))
            return [
                "<path class=\"grid\" d=\"M\(number(place)) \(number(box.top))v\(number(box.height))\"/>",
                text(place, box.top + box.height + 18, "dim", "middle", tick.label),
            ]
        }
    }

    private func draw(_ line: Line, in box: Box) -> [String] {
        line.pieces.filter { !$0.isEmpty }.flatMap { piece in
            let points = piece.map { (box.x(x.place($0.x)), box.y(y.place($0.y))) }
            let path = "M" + points.map { "\(number($0.0)) \(number($0.1))" }.joined(separator: "L")
            var elements: [String] = []
            if line.isFilled, let first = points.first, let last = points.last {
                let bottom = number(box.top + box.height)
                elements.append(
                    "<path class=\"area \(line.style)\" d=\"\(path)L\(number(last.0)) \(bottom)L\(number(first.0)) \(bottom)Z\"/>"
                )
            }
            // A single value would be an invisible line.
            let dot = piece.count == 1 ? "h0.1" : ""
            return elements + ["<path class=\"line \(line.style)\" d=\"\(path)\(dot)\"/>"]
        }
    }

    private func text(_ x: Double, _ y: Double, _ style: String, _ anchor: String, _ text: String) -> String {
        "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" text-anchor=\"\(anchor)\">\(Self.escaped(text))</text>"
    }

    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private func number(_ value: Double) -> String { NumberText.plain(value, decimals: 1) }
}
