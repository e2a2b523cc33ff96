/// Why a program does not start: everything that is wrong with its settings, not only the first thing.
package struct SettingsError: Error, Hashable, CustomStringConvertible {
    /// One sentence each: where, what, and the cure.
    package let problems: [String]

    package init(_ problems: [String]) { self.problems = problems }

    package var description: String { problems.joined(separator: "\n") }
}
