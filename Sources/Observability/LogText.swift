/// An error that has more to say to its program's log than its `description`, which may go further.
package protocol LogDescribing: Error {
    /// For operators. Never holds values of records, passwords or tokens.
    var logText: String { get }
}

/// What the log says of an error, under `LogKey.error`.
package enum LogText {
    package static func of(_ error: any Error) -> String { (error as? any LogDescribing)?.logText ?? "\(error)" }
}
