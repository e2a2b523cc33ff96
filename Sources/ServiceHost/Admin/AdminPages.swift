/// What the admin port answers.
struct AdminPages: Sendable {
    let metrics: @Sendable () -> String
    let readiness: ReadinessBoard

    /// The answer to a request that is complete.
    func respond(to request: AdminRequest) -> AdminResponse {
        switch request {
        case .incomplete:
            AdminResponse(status: 400, reason: "Bad Request", body: "the request is not complete\n")
        case .refused(let status, let reason):
            AdminResponse(status: status, reason: reason, body: reason + "\n")
        case .get("/healthz"): .ok("alive\n")
        case .get("/readyz"): readinessPage()
        case .get("/metrics"):
            AdminResponse(
                status: 200, reason: "OK", contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: metrics())
        case .get:
            AdminResponse(
                status: 404, reason: "Not Found", body: "there are /metrics, /healthz and /readyz\n")
        }
    }

    /// 200 while the program can serve something; the body names what it serves without.
    private func readinessPage() -> AdminResponse {
        let problems = readiness.problems
        guard problems.isEmpty else {
            return AdminResponse(
                status: 503, reason: "Service Unavailable", body: problems.joined(separator: "\n") + "\n")
        }
        return .ok((["ready"] + readiness.shortcomings.map { "without \($0)" }).joined(separator: "\n") + "\n")
    }
}
