/// What Package.swift says: the floor of every target, and what it may import.
///
/// Targets stand floor by floor under comments such as `// Floor 2: engines.`; what stands under `// Tools:` belongs to
/// no floor and is imported by nothing.
struct FloorTable {
    struct Target: Equatable {
        enum Kind: Equatable { case module, program, tests, door }
        let name: String
        let kind: Kind
        /// nil for tools and tests.
        let floor: Int?
        /// Targets and products, by the name that an import uses.
        let dependencies: Set<String>
    }

    let targets: [String: Target]

    init(manifest: String) {
        let products = FloorTable.products(in: manifest)
        let pattern =
            /(?:\/\/ (?<heading>Floor (?<floor>[0-9])|Tools):)|(?:(?<helper>module|program|tests)\(\s*"(?<name>[^"]+)")|(?:\.(?:target|systemLibrary)\(\s*name:\s*"(?<door>[^"]+)")/
        var floor: Int?
        var found: [(name: String, kind: Target.Kind, floor: Int?, end: String.Index, start: String.Index)] =
            []
        let body = manifest.firstRange(of: "targets: [\n").map { manifest[$0.upperBound...] } ?? manifest[...]
        for match in body.matches(of: pattern) {
            if match.heading != nil {
                floor = match.floor.flatMap { Int($0) }
            } else if let name = match.name, let helper = match.helper {
                let kind: Target.Kind = helper == "tests" ? .tests : helper == "program" ? .program : .module
                found.append(
                    (
                        String(name), kind, kind == .tests ? nil : floor, match.range.upperBound,
                        match.range.lowerBound
                    ))
            } else if let door = match.door {
                found.append((String(door), .door, floor, match.range.upperBound, match.range.lowerBound))
            }
        }
        var targets: [String: Target] = [:]
        for (index, item) in found.enumerated() {
            let end = index + 1 < found.count ? found[index + 1].start : body.endIndex
            let rest = body[item.end..<end]
            // C that only tests use lies below Tests.
            let isForTests = item.kind == .tests || rest.contains("path: \"Tests/")
            targets[item.name] = Target(
                name: item.name, kind: isForTests ? .tests : item.kind, floor: isForTests ? nil : item.floor,
                dependencies: FloorTable.dependencies(in: rest, products: products))
        }
        self.targets = targets
    }

    /// `let logging = Target.Dependency.product(name: "Logging", …)` as logging → Logging.
    private static func products(in manifest: String) -> [String: String] {
        var products: [String: String] = [:]
        for match in manifest.matches(of: /let (\w+) = Target\.Dependency\.product\(\s*name: "(\w+)"/) {
            products[String(match.1)] = String(match.2)
        }
        return products
    }

    /// The first list in brackets: quoted names are targets, bare words are products.
    private static func dependencies(in text: Substring, products: [String: String]) -> Set<String> {
        guard let open = text.firstIndex(of: "["), let close = text[open...].firstIndex(of: "]") else {
            return []
        }
        var names: Set<String> = []
        for item in text[text.index(after: open)..<close].split(separator: ",") {
            let word = item.filter { !$0.isWhitespace }
            if word.hasPrefix("\"") {
                names.insert(String(word.dropFirst().dropLast()))
            } else if let product = products[word] {
                names.insert(product)
            }
        }
        return names
    }
}
