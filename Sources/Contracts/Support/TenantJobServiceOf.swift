package import RPC
import Wire

/// The methods of a service's TenantJobService, by which operators see the jobs of workspaces; as `JobServiceOf` for those who work there.
package struct TenantJobServiceOf: Sendable {
    package let listTenantJobs, retryTenantJob, abandonTenantJob: MethodDefinition

    /// - Parameter package: as in `steward.customer.v1`.
    package init(package: String) {
        func method<Request: WireMessage, Response: WireMessage>(
            _ name: String, _: Request.Type, _: Response.Type
        ) -> MethodDefinition {
            MethodDefinition(
                path: "\(package).TenantJobService/\(name)", request: Request.descriptor, response: Response.descriptor,
                kind: .unary)
        }
        listTenantJobs = method("ListTenantJobs", ListTenantJobsRequest.self, ListTenantJobsResponse.self)
        retryTenantJob = method("RetryTenantJob", RetryTenantJobRequest.self, RetryTenantJobResponse.self)
        abandonTenantJob = method("AbandonTenantJob", AbandonTenantJobRequest.self, AbandonTenantJobResponse.self)
    }

    package var all: [MethodDefinition] { [listTenantJobs, retryTenantJob, abandonTenantJob] }
}
