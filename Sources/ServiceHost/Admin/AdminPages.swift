/// What the admin port answers.
struct AdminPages: Sendable {
    let metrics: @Sendable () -> String
    let readinessProblems: @Sendable () -> [String]

    /// The answer to a request that is complete.
    func respond(to request: AdminRequest) -> AdminResponse {
        switch request {
        case .incomplete:
            AdminResponse(status: 400, reason: "Bad Request", body: "the request is not complete\n")
        case .refused(let status, let reason):
            AdminResponse(status: status, reason: reason, body: reason + "\n")
        case .get("/healthz"): .ok("alive\n")
        case .get("/readyz"): readiness()
        case .get("/metrics"):
            AdminResponse(
                status: 200, reason: "OK", contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: metrics())
        case .get:
            AdminResponse(
                status: 404, reason: "Not Found", body: "there are /metrics, /healthz and /readyz\n")
        }
    }

    private func readiness() -> AdminResponse {
        let problems = readinessProblems()
        if problems.isEmpty { return .ok("ready\n") }
        return AdminResponse(
            status: 503, reason: "Service Unavailable", body: problems.joined(separator: "\n") + "\n")
    }
}
