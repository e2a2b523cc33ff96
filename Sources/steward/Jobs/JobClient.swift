import Contracts
import RPC
import StewardClient
import Tenancy

/// The jobs of all services, which each have a JobService of the same form.
struct JobClient: Sendable {
    let connection: StewardConnection
    let patience: Patience

    /// - Parameter options: by which the connection was made; a session that runs out while a job is watched is renewed.
    init(connection: StewardConnection, _ options: ConnectionOptions) {
        self.connection = connection
        patience = Patience(limit: .seconds(600)) { try await options.renewSession(on: connection) }
    }

    static let services = ServiceName.dataServices

    /// - Parameter name: as it was typed; nil for all.
    static func services(named name: String?) throws -> [ServiceName] {
        guard let name else { return services }
        guard let service = services.first(where: { $0.rawValue == name }) else {
            throw UsageProblem(
                "there is no service \(name) with jobs",
                cure: "give one of \(services.map(\.rawValue).joined(separator: ", "))")
        }
        return [service]
    }

    static func methods(of service: ServiceName) -> JobServiceOf {
        JobServiceOf(package: "steward.\(service.rawValue).v1")
    }

    /// The newest of a service, at most so many.
    func list(_ service: ServiceName, name: String?, isOpen: Bool, atMost most: Int) async throws -> [Job] {
        var jobs: [Job] = []
        var token: String?
        repeat {
            let request = ListJobsRequest(
                pageSize: Int32(RecordLimit.pageSize(most, after: jobs.count)), pageToken: token, name: name,
                openOnly: isOpen)
            let page: ListJobsResponse = try await connection.channel.call(
                Self.methods(of: service).listJobs, request, CallOptions())
            jobs += page.jobs
            token = page.nextPageToken
        } while token != nil && jobs.count < most
        return jobs
    }

    /// A job and the service that has it.
    func find(_ id: String) async throws -> (job: Job, service: ServiceName) {
        for service in Self.services {
            if let job = try await get(id, service) { return (job, service) }
        }
        throw UsageProblem(
            "no service has a job with the id \(id) that you may see", cure: "steward job list shows them")
    }

    /// A job of a service that is known.
    func job(_ id: String, of service: String) async throws -> Job? {
        try await get(id, Self.services(named: service)[0])
    }

    /// Nil when the service has none that the user may see.
    private func get(_ id: String, _ service: ServiceName) async throws -> Job? {
        do {
            let answer: GetJobResponse = try await connection.channel.call(
                Self.methods(of: service).getJob, GetJobRequest(id: id), CallOptions())
            return answer.job
        } catch let error {
            guard error.reason == "JOB_NOT_FOUND" else { throw error }
            return nil
        }
    }

    func cancel(_ id: String) async throws -> Job? {
        let service = try await find(id).service
        let answer: CancelJobResponse = try await connection.channel.call(
            Self.methods(of: service).cancelJob, CancelJobRequest(id: id), .write())
        return answer.job
    }

    /// The job as it goes on.
    func retry(_ id: String) async throws -> Job? {
        let service = try await find(id).service
        let answer: RetryJobResponse = try await connection.channel.call(
            Self.methods(of: service).retryJob, RetryJobRequest(id: id), .write())
        return answer.job
    }

    /// The job that takes back what another one changed.
    func undo(_ id: String) async throws -> Job? {
        let service = try await find(id).service
        let answer: UndoJobResponse = try await connection.channel.call(
            Self.methods(of: service).undoJob, UndoJobRequest(id: id), .write())
        return answer.job
    }

    func run(_ name: String, _ service: ServiceName) async throws -> Job? {
        let answer: RunJobResponse = try await connection.channel.call(
            Self.methods(of: service).runJob, RunJobRequest(name: name), .write())
        return answer.job
    }

    /// How many deleted records of each kind are older than so many days.
    func previewPurge(_ days: Int64, _ service: ServiceName) async throws -> [PurgeCount] {
        let answer: PreviewPurgeResponse = try await connection.channel.call(
            Self.methods(of: service).previewPurge, PreviewPurgeRequest(keptDays: days), CallOptions())
        return answer.counts
    }

    /// Tells of a job until it has ended, over broken connections, too.
    func watch(_ id: String, _ tell: (Job) -> Void) async throws -> Job {
        let service = try await find(id).service
        while true {
            // A stream that told something and broke off is no reason to lose patience.
            if let job = try await patience.persist({ try await watchOnce(id, service, tell) }) { return job }
        }
    }

    /// - Returns: the job at its end; nil when the stream ended before.
    private func watchOnce(_ id: String, _ service: ServiceName, _ tell: (Job) -> Void) async throws -> Job? {
        let stream: ResponseStream<WatchJobResponse> = try await connection.channel.serverStream(
            Self.methods(of: service).watchJob, WatchJobRequest(id: id), CallOptions())
        var last: Job?
        do {
            for try await response in stream {
                guard let job = response.job else { continue }
                last = job
                tell(job)
            }
        } catch {
            guard last != nil, Patience.isPassing(error) else { throw error }
            return nil
        }
        return last.flatMap { $0.isOpen ? nil : $0 }
    }
}

extension Job {
    var isOpen: Bool { state == .waiting || state == .running }
}
