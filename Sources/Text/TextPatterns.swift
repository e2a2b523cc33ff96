import Synchronization

/// The patterns of this process that were used last, compiled: each when it is needed first, and once for as long as it is kept. Bounded, whatever the
/// workspaces define.
package final class TextPatterns: Sendable {
    package static let shared = TextPatterns()

    /// Used since the last change of generations, and in the one before.
    private let kept = Mutex<(young: [String: TextPattern], old: [String: TextPattern])>(([:], [:]))
    /// Of a generation. A pattern takes some KiB, 70 at most.
    private static let countMax = 500

    /// - Throws: what `TextPattern` throws.
    package func pattern(_ text: String) throws(TextPattern.Fault) -> TextPattern {
        if let known = kept.withLock({ $0.young[text] }) { return known }
        let pattern = if let old = kept.withLock({ $0.old[text] }) { old } else { try TextPattern(text) }
        kept.withLock { kept in
            if kept.young.count >= Self.countMax { kept = ([:], kept.young) }
            kept.young[text] = pattern
        }
        return pattern
    }
}
