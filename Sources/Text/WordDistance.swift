/// How alike two words are.
package enum WordDistance {
    /// 1 for the same word, 0 for words that have nothing in common: the part of the longer one that need not be typed anew. A letter that is
    /// missing, too much or another one is one mistake, and so are two that have changed places.
    package static func likeness(_ one: [UInt16], _ other: [UInt16]) -> Double {
        if one == other { return 1 }
        let longer = max(one.count, other.count)
        guard longer <= lengthMax, !one.isEmpty, !other.isEmpty else { return 0 }
        return 1 - Double(mistakes(one, other)) / Double(longer)
    }

    /// 1 for the same word, 0 for words without a letter in common: the part of both words' letters that they have in common in the same order. Tells words
    /// with several mistakes from each other better than `likeness`, which an exchanged letter costs as much as a missing one.
    package static func commonShare(_ one: [UInt16], _ other: [UInt16]) -> Double {
        if one == other { return 1 }
        guard max(one.count, other.count) <= lengthMax, !one.isEmpty, !other.isEmpty else { return 0 }
        // Of the letters of `one` so far and of each beginning of `other`, the most that stand in both in one order.
        var most = [Int](repeating: 0, count: other.count + 1)
        for letter in one {
            var before = 0
            for (column, typed) in other.enumerated() {
                let last = most[column + 1]
                most[column + 1] = letter == typed ? before + 1 : max(last, most[column])
                before = last
            }
        }
        return 2 * Double(most[other.count]) / Double(one.count + other.count)
    }

    /// Longer words are no names.
    private static let lengthMax = 48

    private static func mistakes(_ one: [UInt16], _ other: [UInt16]) -> Int {
        var (before, last) = ([Int](), Array(0...other.count))
        for (row, letter) in one.enumerated() {
            var next = [row + 1]
            next.reserveCapacity(other.count + 1)
            for (column, typed) in other.enumerated() {
                var least = min(last[column + 1] + 1, next[column] + 1, last[column] + (letter == typed ? 0 : 1))
                if row > 0, column > 0, letter == other[column - 1], one[row - 1] == typed {
                    least = min(least, before[column - 1] + 1)
                }
                next.append(least)
            }
            (before, last) = (last, next)
        }
        return last[other.count]
    }
}
