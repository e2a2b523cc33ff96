import CICU

/// A normalizer of ICU's.
// SAFETY: ICU never changes or frees normalizers of its own, and its functions may be called on any thread.
struct ICUNormalizer: @unchecked Sendable { let pointer: UnsafeRawPointer }

/// Unicode's normal form C: é is one character, however it was typed.
enum CanonicalForm {
    private static let normalizer = steward_nfc().map { ICUNormalizer(pointer: $0) }

    /// Most marks on one letter: the Stream-Safe Text Format of Unicode (UAX #15). Putting longer rows of them in order would take
    /// a time that grows with the square of their number.
    static let markCountMax = 30

    /// The first mark beyond the most on one letter.
    static func excessMark(in text: String) -> ForbiddenCharacter? {
        guard mayCompose(text) else { return nil }
        var marks = 0
        for (index, scalar) in text.unicodeScalars.enumerated() {
            marks = scalar.properties.canonicalCombiningClass == .notReordered ? 0 : marks + 1
            if marks > markCountMax { return ForbiddenCharacter(scalar: scalar, position: index + 1) }
        }
        return nil
    }

    /// Below U+0300, the first combining character, nothing is composed.
    private static func mayCompose(_ text: String) -> Bool { text.utf8.contains { $0 >= 0xcc } }

    /// The text in normal form C; a text with more marks on a letter than are allowed stays as it is.
    static func composed(_ text: String) -> String {
        guard mayCompose(text), excessMark(in: text) == nil else { return text }
        guard let normalizer = normalizer?.pointer else {
            preconditionFailure("libicu has no data of normal forms; reinstall the package libicu72")
        }
        let units = Array(text.utf16)
        let count = Int32(units.count)
        if steward_normalized_prefix(normalizer, units, count) == count { return text }
        // No character has more than three in this form.
        var composed = [UInt16](repeating: 0, count: units.count * 3)
        let length = steward_normalize(normalizer, units, count, &composed, Int32(composed.count))
        guard length >= 0 else { preconditionFailure("normal form C has at most three times the length") }
        return String(decoding: composed.prefix(Int(length)), as: UTF16.self)
    }
}
