/// A value that cannot be printed by accident: logs, errors, dumps and the effective settings show dots.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let text: String

    /// Wraps a text.
    package init(_ text: String) { self.text = text }

    /// The text itself. The only way to it, so that a search for `reveal` finds every use.
    package func reveal() -> String { text }

    /// Whether there is no text at all.
    package var isEmpty: Bool { text.isEmpty }

    package var description: String { "•••" }
    package var debugDescription: String { "•••" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
