import Contracts
import Glibc
import Text

/// Puts what was found in order: what has the very value first, then what has all words, then what has most of those that few have.
struct SearchRanking {
    /// Of each word of the query, and of each two as one.
    private let words: [Rarity]
    private let joined: [Rarity]
    /// More than the sum of words is worth.
    private let most: Double

    /// How much a word counts by how few have it: what is found exactly counts by those that have it exactly, and what is like it by all that are as like it.
    private struct Rarity {
        private let count: Int
        /// Of all candidates that have something like the word, ascending.
        private let likenesses: [Double]

        init(_ matches: [WordMatch?]) {
            (count, likenesses) = (matches.count, matches.compactMap { $0?.likeness }.sorted())
        }

        func weight(_ likeness: Double) -> Double {
            var (first, end) = (0, likenesses.count)
            while first < end {
                let middle = (first + end) / 2
                if likenesses[middle] >= likeness { end = middle } else { first = middle + 1 }
            }
            return log(1 + Double(max(count, 1)) / Double(likenesses.count - first + 1)).squareRoot()
        }
    }

    /// What a whole value and all words are worth. The sum of words is below the latter.
    static let (exactWorth, allWordsWorth) = (100.0, 10.0)

    init(_ pattern: SearchPattern, among candidates: [SearchCandidate]) {
        words = pattern.words.indices.map { word in Rarity(candidates.map { $0.best(word)?.match }) }
        joined = pattern.joinedWords.indices.map { place in Rarity(candidates.map { $0.bestJoined(place)?.match }) }
        most = words.map { $0.weight(1) }.reduce(1, +) * Self.joinedWorth * (1 + Self.coverWorth)
    }

    /// From 0: all words found is no more than `allWordsWorth` beside their sum.
    func score(_ candidate: SearchCandidate) -> Double {
        var (sum, isComplete) = (0.0, true)
        for (word, rarity) in words.enumerated() {
            guard let (value, match) = candidate.best(word) else {
                isComplete = false
                sum += candidate.nearness(word) * Self.nearWorth * rarity.weight(WordMatch.foundMin)
                continue
            }
            isComplete = isComplete && match.kind != .similar
            sum += match.likeness * match.likeness * rarity.weight(match.likeness) * value.weight
        }
        for (place, rarity) in joined.enumerated() {
            guard let (_, match) = candidate.bestJoined(place), match.likeness >= Self.joinedLikenessMin else {
                continue
            }
            let worth = match.likeness * match.likeness * rarity.weight(match.likeness) * Self.joinedWorth
            sum = max(sum, worth)
        }
        let letters = candidate.values.map(\.letters).reduce(0, +)
        let share = letters == 0 ? 0 : candidate.values.map(\.lettersFound).reduce(0, +) / letters
        // Below 10, whatever the words.
        var score = 9 * sum * (1 + Self.coverWorth * share) / most + Self.orderWorth * candidate.orderShare
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
    private static let nearWorth = 0.05

    /// Words that stand in the name as they were typed: decides among records that have them equally well.
    private static let orderWorth = 0.1

    /// What each word gave.
    func reasons(_ candidate: SearchCandidate, _ pattern: SearchPattern) -> [SearchReason] {
        pattern.words.enumerated().map { place, word in
            let best = candidate.best(place)
            return SearchReason(
                word: String(decoding: word.units, as: UTF16.self), field: best?.value.field.name,
                kind: best?.match.kind, likeness: best?.match.likeness ?? 0,
                weight: words[place].weight(best?.match.likeness ?? WordMatch.foundMin))
        }
    }
}
