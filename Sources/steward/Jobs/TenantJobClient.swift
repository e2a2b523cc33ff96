import Contracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy

/// A job of a workspace, with the workspace's name.
struct WorkspaceJob {
    let workspace: String
    let job: TenantJob
}

/// The jobs of all workspaces, of which each service tells operators its own.
struct TenantJobClient {
    let connection: StewardConnection

    struct Found {
        var jobs: [WorkspaceJob] = []
        /// Workspaces that have more jobs than a service lists.
        var capped: Set<String> = []
        /// What could not be asked: a workspace, a service, and why.
        var unasked: [(workspace: String, service: ServiceName, reason: String)] = []
        /// Services that could not be asked at all, and why.
        var silent: [ServiceName: String] = [:]
    }

    /// As many as a service takes at a time.
    private static let tenantsAtOnce: Int32 = 100

    /// - Parameters:
    ///   - workspace: nil for all.
    ///   - tell: how many workspaces have been asked about.
    func list(
        _ services: [ServiceName], workspace: String?, withHealthy: Bool, withSingleService: Bool,
        tell: (Int) -> Void
    ) async throws -> Found {
        var found = Found()
        var asked = 0
        var token: String?
        repeat {
            let (tenants, next) = try await tenants(workspace, token)
            let names = Dictionary(tenants.map { ($0.id ?? "", $0.workspace ?? "") }) { first, _ in first }
            for service in services where !names.isEmpty && found.silent[service] == nil {
                let request = ListTenantJobsRequest(
                    tenantIDs: tenants.compactMap(\.id), withHealthy: withHealthy, withSingleService: withSingleService)
                guard let answer = try await ask(service, request, silent: &found.silent) else { continue }
                found.jobs += answer.jobs.map { WorkspaceJob(workspace: names[$0.tenantID ?? ""] ?? "", job: $0) }
                found.capped.formUnion(answer.cappedTenantIDs.compactMap { names[$0] })
                found.unasked += answer.unasked.map { (names[$0.tenantID ?? ""] ?? "", service, $0.reason ?? "") }
            }
            asked += tenants.count
            tell(asked)
            token = next
        } while token != nil
        return found
    }

    /// Nil for a service that is away: what is stuck because of it is in the jobs of the others.
    private func ask(
        _ service: ServiceName, _ request: ListTenantJobsRequest, silent: inout [ServiceName: String]
    ) async throws -> ListTenantJobsResponse? {
        do {
            let answer: ListTenantJobsResponse = try await connection.channel.call(
                Self.methods(of: service).listTenantJobs, request, CallOptions())
            return answer
        } catch {
            guard error.code == .unavailable else { throw error }
            silent[service] = CommandWords.own.told(error.message)
            return nil
        }
    }

    /// A page of the workspaces that have data.
    private func tenants(_ workspace: String?, _ token: String?) async throws -> ([Tenant], next: String?) {
        if let workspace { return ([try await tenant(workspace)], nil) }
        let page = try await connection.tenants.listTenants(
            ListTenantsRequest(pageSize: Self.tenantsAtOnce, pageToken: token))
        return (page.tenants.filter { $0.state == .active || $0.state == .suspended }, page.nextPageToken)
    }

    private func tenant(_ workspace: String) async throws -> Tenant {
        try await connection.tenants.getTenant(GetTenantRequest(workspace: workspace)).tenant ?? Tenant()
    }

    func retry(_ id: String, in workspace: String) async throws -> WorkspaceJob {
        let tenant = try await tenant(workspace).id
        return try await inItsService(id, workspace) { service in
            let answer: RetryTenantJobResponse = try await connection.channel.call(
                Self.methods(of: service).retryTenantJob, RetryTenantJobRequest(tenantID: tenant, id: id), .write())
            return answer.job
        }
    }

    func abandon(_ id: String, in workspace: String, leavingAsIs: Bool) async throws -> WorkspaceJob {
        let tenant = try await tenant(workspace).id
        return try await inItsService(id, workspace) { service in
            let request = AbandonTenantJobRequest(tenantID: tenant, id: id, leaveAsIs: leavingAsIs)
            let answer: AbandonTenantJobResponse = try await connection.channel.call(
                Self.methods(of: service).abandonTenantJob, request, .write())
            return answer.job
        }
    }

    private func inItsService(
        _ id: String, _ workspace: String, _ change: (ServiceName) async throws -> TenantJob?
    ) async throws -> WorkspaceJob {
        for service in JobClient.services {
            do {
                guard let job = try await change(service) else { continue }
                return WorkspaceJob(workspace: workspace, job: job)
            } catch let error as RPCError where error.reason == "JOB_NOT_FOUND" {
                continue
            }
        }
        throw UsageProblem(
            "no service has a job with the id \(id) in the workspace \(workspace)",
            cure: "steward saga list --all --jobs --workspace \(workspace) shows those that are there")
    }

    private static func methods(of service: ServiceName) -> TenantJobServiceOf {
        TenantJobServiceOf(package: "steward.\(service.rawValue).v1")
    }
}
