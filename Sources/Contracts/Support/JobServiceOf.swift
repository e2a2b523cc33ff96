package import RPC
import Wire

/// The methods of a service's JobService, which has the same messages whatever the service: `steward.customer.v1.JobService` and so on.
/// Generated contracts have them, too, for reflection; a test compares both.
package struct JobServiceOf: Sendable {
    package let getJob, listJobs, watchJob, cancelJob, runJob, retryJob, undoJob, previewPurge: MethodDefinition

    /// - Parameter package: as in `steward.customer.v1`.
    package init(package: String) {
        func method<Request: WireMessage, Response: WireMessage>(
            _ name: String, _: Request.Type, _: Response.Type, _ kind: MethodDefinition.Kind = .unary
        ) -> MethodDefinition {
            MethodDefinition(
                path: "\(package).JobService/\(name)", request: Request.descriptor, response: Response.descriptor,
                kind: kind)
        }
        getJob = method("GetJob", GetJobRequest.self, GetJobResponse.self)
        listJobs = method("ListJobs", ListJobsRequest.self, ListJobsResponse.self)
        watchJob = method("WatchJob", WatchJobRequest.self, WatchJobResponse.self, .serverStreaming)
        cancelJob = method("CancelJob", CancelJobRequest.self, CancelJobResponse.self)
        runJob = method("RunJob", RunJobRequest.self, RunJobResponse.self)
        retryJob = method("RetryJob", RetryJobRequest.self, RetryJobResponse.self)
        undoJob = method("UndoJob", UndoJobRequest.self, UndoJobResponse.self)
        previewPurge = method("PreviewPurge", PreviewPurgeRequest.self, PreviewPurgeResponse.self)
    }

    package var all: [MethodDefinition] {
        [getJob, listJobs, watchJob, cancelJob, runJob, retryJob, undoJob, previewPurge]
    }
}
