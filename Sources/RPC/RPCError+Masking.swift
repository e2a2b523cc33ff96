import Observability

extension RPCError {
    /// What the caller gets to see of any error. An `RPCError` is meant for the caller and passes, a cancelled task
    /// is CANCELLED; every other error becomes INTERNAL with an incident id, and is kept as `cause` for the log.
    package init(masking error: any Error) {
        if let known = error as? RPCError {
            self = known
        } else if error is CancellationError {
            self = .cancelled()
        } else {
            let incident = IncidentID.make()
            self.init(
                .internal, reason: Self.maskedReason,
                "The server failed to handle the call. Its operators find the cause under incident \(incident).",
                details: [(key: "incident_id", value: incident.text)], cause: error)
        }
    }

    /// The reason of a masked error.
    package static let maskedReason = "INTERNAL"

    /// The incident id of a masked error.
    package var incidentID: String? { details.first { $0.key == "incident_id" }?.value }
}
