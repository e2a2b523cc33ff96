/// Finds what a misspelt key was meant to be.
package enum NearestKey {
    /// The candidate with the fewest changed letters, if that is a third of the key or less (at least two letters).
    static func of(_ key: String, among candidates: some Collection<String>) -> String? {
        let nearest = candidates.map { ($0, distance(key, $0)) }.min { ($0.1, $0.0) < ($1.1, $1.0) }
        guard let (candidate, changes) = nearest, changes <= max(2, key.count / 3) else { return nil }
        return candidate
    }

    /// Letters to insert, delete or replace to turn one into the other (Levenshtein).
    package static func distance(_ one: String, _ other: String) -> Int {
        let letters = Array(other)
        var row = Array(0...letters.count)
        for (i, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, candidate) in letters.enumerated() {
                let replaced = diagonal + (letter == candidate ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j + 1] + 1, row[j] + 1)
            }
        }
        return row[letters.count]
    }
}
