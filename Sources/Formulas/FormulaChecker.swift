import Money
import Tenancy
import Text

/// Finds out what each part of a formula is, and whether it fits where it stands.
struct FormulaChecker {
    let fields: [String: FormulaType]
    let checksPatterns: Bool
    private(set) var names: [String] = []

    init(fields: [String: FormulaType], checksPatterns: Bool) {
        (self.fields, self.checksPatterns) = (fields, checksPatterns)
    }

    typealias Checked = (step: FormulaStep, type: FormulaType)

    mutating func step(_ node: FormulaNode) throws(FormulaError) -> Checked {
        switch node.kind {
        case .constant(let value): return (.constant(value), value.type)
        case .field(let name):
            guard let type = fields[name] else { throw FormulaError(position: node.position, text: unknown(name)) }
            let index = names.firstIndex(of: name) ?? names.count
            if index == names.count { names.append(name) }
            return (.field(index), type)
        case .call(let name, let nodes): return try call(name, nodes, at: node.position)
        }
    }

    private func unknown(_ name: String) -> String {
        if ["today", "now"].contains(name) { return Self.noToday }
        let letters = Array(name.utf16)
        let near = fields.keys.map { ($0, WordDistance.likeness(Array($0.utf16), letters)) }.filter { $0.1 >= 0.6 }
            .max { ($0.1, $1.0) < ($1.1, $0.0) }
        return "there is no field \(name) that a formula can use" + (near.map { "; \($0.0) is one" } ?? "")
    }

    private static let noToday =
        "a formula is stored when its record is, so it cannot know what day it is later; compare with the day in a filter"

    private mutating func call(
        _ name: String, _ nodes: [FormulaNode], at position: Int
    ) throws(FormulaError) -> Checked {
        var arguments: [Checked] = []
        for node in nodes { arguments.append(try step(node)) }
        let steps = arguments.map(\.step)
        func require(_ counts: ClosedRange<Int>, _ text: String) throws(FormulaError) {
            guard counts.contains(nodes.count) else { throw FormulaError(position: position, text: text) }
        }
        func requireFlag(_ index: Int) throws(FormulaError) {
            guard arguments[index].type == .flag else {
                throw FormulaError(
                    position: nodes[index].position,
                    text: "\(name) takes a truth value here, and this is a \(arguments[index].type.rawValue)")
            }
        }
        switch name {
        case "if":
            try require(2...3, "if takes a condition, a value, and another value for when it does not hold")
            try requireFlag(0)
            let (values, type) = try common(arguments[1...], nodes[1...])
            return (.choice(steps[0], values[0], values.count > 1 ? values[1] : nil), type)
        case "coalesce":
            try require(2...50, "coalesce takes two values or more, and gives the first that is set")
            let (values, type) = try common(arguments[...], nodes[...])
            return (.first(values), type)
        case "is_set":
            try require(1...1, "is_set takes one value")
            return (.isSet(steps[0]), .flag)
        case "&", "text":
            try require(name == "&" ? 2...2 : 1...1, "text takes one value")
            return (.joined(steps), .text)
        case "and", "or":
            try require(2...2, "\(name) stands between two conditions")
            try requireFlag(0)
            try requireFlag(1)
            return (name == "and" ? .both(steps[0], steps[1]) : .either(steps[0], steps[1]), .flag)
        case "in": return (try membership(arguments, nodes), .flag)
        case "date" where nodes.count == 2: return try day(arguments, nodes)
        case "matches":
            try require(2...2, "matches takes a text and a pattern")
            return try match(arguments, nodes)
        default: return try function(name, arguments, nodes, at: position)
        }
    }

    private func membership(_ arguments: [Checked], _ nodes: [FormulaNode]) throws(FormulaError) -> FormulaStep {
        var equals: [FormulaStep.Equal] = []
        for index in nodes.indices.dropFirst() {
            let position = nodes[index].position
            let (test, _) = try function(
                "=", [arguments[0], arguments[index]], [nodes[0], nodes[index]], at: position)
            guard case .call(let body, let sides) = test else { preconditionFailure("a comparison is a function") }
            let isWidened = if case .widened = sides[0] { arguments[0].type == .integer } else { false }
            equals.append(FormulaStep.Equal(value: sides[1], isWidened: isWidened, body: body))
        }
        return .oneOf(arguments[0].step, equals)
    }

    /// Several values as ones of one type.
    private func common(
        _ arguments: ArraySlice<Checked>, _ nodes: ArraySlice<FormulaNode>
    ) throws(FormulaError) -> ([FormulaStep], FormulaType) {
        var type: FormulaType?
        for (argument, node) in zip(arguments, nodes) {
            guard let known = type else {
                type = argument.type
                continue
            }
            if argument.type.fits(known) { continue }
            guard known.fits(argument.type) else {
                throw FormulaError(
                    position: node.position,
                    text:
                        "this is a \(argument.type.rawValue), and the value before a \(known.rawValue); make them one type"
                )
            }
            type = argument.type
        }
        let common = type ?? .text
        return (arguments.map { $0.step.widened(from: $0.type, to: common) }, common)
    }

    /// Whether a regular expression fits a text as a whole. What would take too long to tell is unset.
    private func match(_ arguments: [Checked], _ nodes: [FormulaNode]) throws(FormulaError) -> Checked {
        guard arguments[0].type == .text else {
            throw FormulaError(position: nodes[0].position, text: "matches takes a text before a pattern")
        }
        guard case .constant(.text(let text)) = nodes[1].kind else {
            throw FormulaError(
                position: nodes[1].position, text: "a pattern is written here, as in \"[A-Z]{2}-[0-9]+\"")
        }
        if checksPatterns {
            do {
                _ = try TextPatterns.shared.pattern(text)
            } catch {
                throw FormulaError(
                    position: nodes[1].position,
                    text: "this is no regular expression: at its character \(error.position), \(error.text)")
            }
        }
        return (.matches(arguments[0].step, text), .flag)
    }

    /// The day of a moment by the clocks of a time zone.
    private func day(_ arguments: [Checked], _ nodes: [FormulaNode]) throws(FormulaError) -> Checked {
        guard arguments[0].type == .time else {
            throw FormulaError(position: nodes[0].position, text: "date takes a moment before a time zone")
        }
        guard case .constant(.text(let name)) = nodes[1].kind, let zone = TimeZone(name) else {
            throw FormulaError(
                position: nodes[1].position, text: "a time zone is written here, as in \"Europe/Berlin\"")
        }
        return (
            .call(
                { values throws(FormulaUntold) in
                    let time = values[0].time
                    let seconds = time.secondsAndNanos.seconds
                    return try FormulaFunction.day(of: time.microseconds + zone.offset(at: seconds) * 1_000_000)
                }, [arguments[0].step]), .date
        )
    }

    private func function(
        _ name: String, _ arguments: [Checked], _ nodes: [FormulaNode], at position: Int
    ) throws(FormulaError) -> Checked {
        if ["today", "now"].contains(name) { throw FormulaError(position: position, text: Self.noToday) }
        guard let known = FormulaFunction.all[name] else {
            let all = FormulaFunction.all.keys.filter { $0.first?.isLetter == true && $0 != "negative" && $0 != "not" }
            throw FormulaError(
                position: position,
                text: "there is no function \(name); there are "
                    + (all + ["coalesce", "if", "is_set", "matches", "text"]).sorted().joined(separator: ", "))
        }
        if FormulaFunction.chained.contains(name), arguments.count > 2 {
            var whole = try function(name, Array(arguments[..<2]), Array(nodes[..<2]), at: position)
            for (argument, node) in zip(arguments, nodes).dropFirst(2) {
                whole = try function(name, [whole, argument], [nodes[0], node], at: node.position)
            }
            return whole
        }
        let types = arguments.map(\.type)
        let fitting = known.first { function in
            function.parameters.count == types.count && zip(types, function.parameters).allSatisfy { $0.fits($1) }
        }
        guard let fitting else {
            let given = types.isEmpty ? "nothing" : types.map { "a \($0.rawValue)" }.joined(separator: " and ")
            let wanted = known.map { $0.parameters.map(\.rawValue).joined(separator: ", ") }
            throw FormulaError(
                position: position,
                text:
                    "\(name == "negative" ? "-" : name) does not take \(given), but: \(wanted.joined(separator: "; or "))"
            )
        }
        if name == "money", case .constant(.text(let code)) = nodes[1].kind, Currency(code: code) == nil {
            throw FormulaError(
                position: nodes[1].position, text: "\(code) is no code of a currency (ISO 4217), as in \"EUR\"")
        }
        // What is never set is a mistake.
        let steps = zip(arguments, fitting.parameters).map { $0.step.widened(from: $0.type, to: $1) }
        let whole = FormulaStep.call(fitting.body, steps)
        let areConstants = nodes.allSatisfy { if case .constant = $0.kind { true } else { false } }
        var budget = FormulaBudget()
        if areConstants, whole.value({ _ in nil }, &budget) == nil {
            throw FormulaError(position: position, text: "\(name) has no value for what stands here")
        }
        return (whole, fitting.result)
    }
}
