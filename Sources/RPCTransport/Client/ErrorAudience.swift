import Observability
import RPC

/// Whom a client's own errors are for: those of the way to the server, which no status of it tells.
package enum ErrorAudience: Sendable {
    /// Whoever runs the program that calls: names, addresses and what TLS says help to find what is wrong.
    case operators
    /// Users of a program that calls for them. They are told what is away in words of theirs, as in "The service for deals", and
    /// by its public name; the rest goes to the log, under the incident id that they get.
    case users(of: String, service: String)

    /// When it pays to try again: connections are made anew within this time.
    private static let retryDelay: Duration = .seconds(1)

    /// What this audience is told of an error.
    /// - Parameter wasBegun: the server may have done something of the call.
    func face(of error: RPCError, wasBegun: Bool) -> RPCError {
        guard case .users(let what, let service) = self, error.code == .unavailable || error.reason == Self.queueFull
        else { return error }
        let incident = IncidentID.make()
        let text =
            wasBegun
            ? "became unavailable during the call; whether it had an effect is not known. Try again, with the same request id."
            : "is not available at the moment, and nothing was done. Try again."
        return RPCError(
            .unavailable, reason: wasBegun ? "SERVICE_INTERRUPTED" : "SERVICE_UNAVAILABLE",
            "\(what) \(text)",
            details: [(key: "service", value: service), (key: "incident_id", value: incident.text)],
            retryDelay: Self.retryDelay, cause: error)
    }

    /// More wait for the server than may.
    static let queueFull = "CLIENT_QUEUE_FULL"
}
