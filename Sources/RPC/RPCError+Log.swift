import Observability

extension RPCError: LogDescribing {
    /// With what lies beneath it.
    package var logText: String { cause.map { "\(self) (\(LogText.of($0)))" } ?? description }
}
