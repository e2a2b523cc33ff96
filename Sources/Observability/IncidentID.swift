/// Joins what a caller is told about an internal error with the log line that has the cause.
package struct IncidentID: Hashable, Sendable, CustomStringConvertible {
    /// 16 hexadecimal digits.
    package let text: String

    /// A new one. Random, so that it tells nothing.
    package static func make() -> IncidentID {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return IncidentID(text: String(repeating: "0", count: 16 - digits.count) + digits)
    }

    package var description: String { text }
}
