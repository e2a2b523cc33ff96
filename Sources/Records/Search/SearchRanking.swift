import Contracts
import Glibc
import Text

/// Puts what was found in order: what has the very value first, then what has all words, then what has most of those that few have.
struct SearchRanking {
    /// Of each word of the query how much it counts.
    private let weights: [Double]
    private let joinedWeights: [Double]

    /// What a whole value and all words are worth. The sum of words is below the latter.
    static let (exactWorth, allWordsWorth) = (100.0, 10.0)

    init(_ pattern: SearchPattern, among candidates: [SearchCandidate]) {
        func weight(_ isFound: (SearchCandidate) -> Bool) -> Double {
            let count = Double(candidates.count(where: isFound))
            return log(1 + Double(max(candidates.count, 1)) / (count + 1)).squareRoot()
        }
        weights = pattern.words.indices.map { word in weight { $0.best(word)?.match.isFound == true } }
        joinedWeights = pattern.joinedWords.indices.map { place in
            weight { $0.bestJoined(place)?.match.isFound == true }
        }
    }

    /// From 0: all words found is no more than `allWordsWorth` beside their sum.
    func score(_ candidate: SearchCandidate) -> Double {
        var (sum, isComplete) = (0.0, true)
        for (word, weight) in weights.enumerated() {
            guard let (value, match) = candidate.best(word) else {
                isComplete = false
                sum += candidate.nearness(word) * Self.nearWorth * weight
                continue
            }
            isComplete = isComplete && match.kind != .similar
            sum += match.likeness * match.likeness * weight * value.weight
        }
        for (place, weight) in joinedWeights.enumerated() {
            guard let (_, match) = candidate.bestJoined(place), match.likeness >= Self.joinedLikenessMin else {
                continue
            }
            sum = max(sum, match.likeness * match.likeness * weight * Self.joinedWorth)
        }
        let letters = candidate.values.map(\.letters).reduce(0, +)
        let share = letters == 0 ? 0 : candidate.values.map(\.lettersFound).reduce(0, +) / letters
        let most = weights.reduce(1, +) * Self.joinedWorth * (1 + Self.coverWorth)
        // Between 0 and 9, whatever the words.
        var score = 9 * sum * (1 + Self.coverWorth * share) / most
        if isComplete || candidate.values.contains(where: { $0.exact != nil }) { score += Self.allWordsWorth }
        if candidate.isNamed || candidate.values.contains(where: { $0.exact?.kind == .exact }) {
            score += Self.exactWorth
        }
        return score
    }

    /// Two words that are one in the record, as in `jord an`.
    private static let (joinedLikenessMin, joinedWorth) = (0.8, 1.5)
    /// A name of which all was looked for, beside one that has other words as well.
    private static let coverWorth = 0.1

    /// A word that is not found, where another one is as like it as can be: decides among records that have the same words.
    private static let nearWorth = 0.1

    /// What each word gave.
    func reasons(_ candidate: SearchCandidate, _ pattern: SearchPattern) -> [SearchReason] {
        pattern.words.enumerated().map { place, word in
            let best = candidate.best(place)
            return SearchReason(
                word: String(decoding: word.units, as: UTF16.self), field: best?.value.field.name,
                kind: best?.match.kind, likeness: best?.match.likeness ?? 0, weight: weights[place])
        }
    }
}
