/// The names of persons, of their two parts as people write them.
///
/// Between names in Chinese, Japanese and Korean letters there is no blank, and the family's comes first: 张三. Of other names either may come first;
/// mostly the given one.
package enum PersonalName {
    /// All ways to write it, the usual one first; none when both parts are empty.
    package static func spellings(given: String, family: String) -> [String] {
        guard !given.isEmpty, !family.isEmpty else { return [given + family].filter { !$0.isEmpty } }
        let apart = ["\(given) \(family)", "\(family) \(given)"]
        return isWrittenTogether(given + family) ? ["\(family)\(given)"] + apart : apart
    }

    /// The parts that a name may consist of.
    package static func parts(of name: String) -> [(given: String, family: String)] {
        let blanks = name.indices.filter { name[$0] == " " }
        let apart = blanks.map { (String(name[..<$0]), String(name[name.index(after: $0)...])) }
        guard isWrittenTogether(name) else {
            return apart.flatMap { [(given: $0.0, family: $0.1), (given: $0.1, family: $0.0)] }
        }
        return (1...familyCharactersMax).filter { $0 < name.count }.map { count in
            (given: String(name.dropFirst(count)), family: String(name.prefix(count)))
        }
    }

    /// 欧阳; three are rare, as in names of the Manchu and the Mongols.
    private static let familyCharactersMax = 3

    /// Names of Turkic peoples have a dot between their parts.
    private static func isWrittenTogether(_ name: String) -> Bool {
        SearchText.isWrittenTogether(name.replacing("·", with: ""))
    }
}
