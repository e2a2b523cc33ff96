import Synchronization

/// Counts the attempts to sign in that are under way in this process, by the keys that their failures would count for.
final class AttemptsUnderWay: Sendable {
    /// Only keys with attempts are in it.
    private let counts = Mutex<[[UInt8]: Int]>([:])

    /// Counts an attempt; gives for each key how many are under way with it.
    func begin(_ keys: [[UInt8]]) -> [Int] {
        counts.withLock { counts in
            keys.map { key in
                let count = counts[key, default: 0] + 1
                counts[key] = count
                return count
            }
        }
    }

    /// An attempt is over.
    func end(_ keys: [[UInt8]]) {
        counts.withLock { counts in
            for key in keys {
                let count = counts[key, default: 0] - 1
                counts[key] = count > 0 ? count : nil
            }
        }
    }
}
