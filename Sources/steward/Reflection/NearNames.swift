import Settings

/// Names that somebody may have meant who wrote one that there is not.
enum NearNames {
    /// A list of more would be no help.
    private static let countMax = 3

    /// The nearest names: those that differ in case only, that hold the name or are held by it, that have all of its words
    /// (parent_id: parent_account_id), and that differ in at most a third of their letters.
    static func of(_ name: String, among candidates: [String]) -> [String] {
        let wanted = name.lowercased()
        let distances = Set(candidates).compactMap { candidate -> (name: String, distance: Int)? in
            let other = candidate.lowercased()
            let distance = NearestKey.distance(wanted, other)
            let isPart = wanted.count >= 3 && (other.contains(wanted) || wanted.contains(other))
            let words = wanted.split(separator: "_")
            let hasWords = words.count > 1 && Set(words).isSubset(of: other.split(separator: "_"))
            return isPart || hasWords || distance <= max(2, wanted.count / 3) ? (candidate, distance) : nil
        }
        return distances.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(countMax).map(\.name)
    }

    static func cure(_ names: [String], else fallback: String) -> String {
        names.isEmpty ? fallback : "did you mean \(names.prefix(countMax).joined(separator: " or "))?"
    }
}
