/// The names of persons, of their two parts as people write them.
///
/// Between names in Chinese characters there is no blank, and the family's comes first: 张三. Of other names either may come first.
enum PersonName {
    /// All ways to write it, the usual one first; none when both parts are empty.
    static func spellings(given: String, family: String) -> [String] {
        guard !given.isEmpty, !family.isEmpty else { return [given + family].filter { !$0.isEmpty } }
        let apart = ["\(given) \(family)", "\(family) \(given)"]
        return isHan(given + family) ? ["\(family)\(given)"] + apart : apart
    }

    /// The parts that a name may consist of.
    static func parts(of name: String) -> [(given: String, family: String)] {
        let blanks = name.indices.filter { name[$0] == " " }
        let apart = blanks.map { (String(name[..<$0]), String(name[name.index(after: $0)...])) }
        guard isHan(name) else { return apart.flatMap { [(given: $0.0, family: $0.1), (given: $0.1, family: $0.0)] } }
        return (1...familyCharactersMax).filter { $0 < name.count }.map { count in
            (given: String(name.dropFirst(count)), family: String(name.prefix(count)))
        }
    }

    /// 欧阳; three are rare, as in names of the Manchu and the Mongols.
    private static let familyCharactersMax = 3

    private static func isHan(_ text: String) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy { $0.properties.isIdeographic || $0 == "·" }
    }
}
