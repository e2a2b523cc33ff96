/// What makes a regular expression costly whatever its text, found before ICU compiles it. Sets of characters take their time when they are compiled, with
/// (?i) a millisecond each where they hold more than ASCII; back references compare whole texts in what ICU counts as one step.
struct PatternCost {
    /// Of all sets together. An ordinary one weighs 1, a property 2; with (?i) 10 whatever holds more than ASCII.
    static let weightMax = 20

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0
    /// Where they stand: all sets, properties, and what else holds more than ASCII.
    private var (sets, properties, wide): ([Int], [Int], [Int]) = ([], [], [])
    private var ignoresCase = false
    private var backReference: Int?

    /// The first reason not to compile a pattern; nil for none.
    static func fault(_ text: String) -> TextPattern.Fault? {
        var cost = PatternCost(scalars: Array(text.unicodeScalars))
        while cost.place < cost.scalars.count { cost.step() }
        return cost.fault
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var fault: TextPattern.Fault? {
        if let place = backReference {
            return TextPattern.Fault(
                position: place + 1, text: "a back reference such as \\1 is not allowed; write out what it repeats")
        }
        var weight = 0
        let weights =
            sets.map { ($0, 1) } + properties.map { ($0, ignoresCase ? 10 : 2) }
            + (ignoresCase ? wide.map { ($0, 10) } : [])
        for (place, each) in weights.sorted(by: { $0.0 < $1.0 }) {
            weight += each
            guard weight > Self.weightMax else { continue }
            return TextPattern.Fault(
                position: place + 1,
                text: "sets of characters such as [a-z] or \\p{L} are too many"
                    + (ignoresCase ? ", as (?i) makes them costly; write both cases in place of it" : "; use fewer"))
        }
        return nil
    }

    private mutating func step() {
        let scalar = scalars[place]
        switch scalar {
        case "\\": escape()
        case "[" where place + 1 < scalars.count && scalars[place + 1] == ":":
            // [:^L:] is \P{L}.
            properties.append(place)
            place += 2
            while place < scalars.count, scalars[place] != "]" { place += 1 }
            place += 1
        case "[":
            sets.append(place)
            depth += 1
            place += 1
        case "]":
            depth = max(0, depth - 1)
            place += 1
        case "(": group()
        default:
            if depth > 0, !scalar.isASCII { widen() }
            place += 1
        }
    }

    private mutating func escape() {
        defer { place += 2 }
        guard place + 1 < scalars.count else { return }
        switch scalars[place + 1] {
        case "Q":
            // Literally up to \E.
            while place + 3 < scalars.count, scalars[place + 2] != "\\" || scalars[place + 3] != "E" { place += 1 }
            place = place + 3 < scalars.count ? place + 2 : scalars.count
        case "1"..."9", "k": backReference = backReference ?? place
        case "p", "P", "N": properties.append(place)
        case "x", "u", "U", "w", "W", "d", "D", "s", "S", "h", "H", "v", "V":
            if depth > 0 { widen() }
        default: break
        }
    }

    /// The set that was opened last holds more than ASCII.
    private mutating func widen() {
        if let set = sets.last, wide.last ?? -1 < set { wide.append(place) }
    }

    /// `(?i)`, `(?mi-s:`: flags of a group, or of the rest; `(?# )`, a comment. In a set they are none, and taken for some all the same: a bracket in
    /// a comment after `(?x)` must not hide what follows.
    private mutating func group() {
        place += 1
        guard place < scalars.count, scalars[place] == "?" else { return }
        var next = place + 1
        if next < scalars.count, scalars[next] == "#" {
            while place < scalars.count, scalars[place] != ")" { place += 1 }
            return
        }
        while next < scalars.count, "idmsuwx-".unicodeScalars.contains(scalars[next]) {
            if scalars[next] == "i" { ignoresCase = true }
            next += 1
        }
    }
}
