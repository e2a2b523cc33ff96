package import RPC
import Wire

/// The methods of a service's SharingService, which has the same messages whatever the service, as `JobServiceOf`.
package struct SharingServiceOf: Sendable {
    package let shareRecord, unshareRecord, listShares, explainAccess, listSharingProgress: MethodDefinition

    /// - Parameter package: as in `steward.customer.v1`.
    package init(package: String) {
        func method<Request: WireMessage, Response: WireMessage>(
            _ name: String, _: Request.Type, _: Response.Type
        ) -> MethodDefinition {
            MethodDefinition(
                path: "\(package).SharingService/\(name)", request: Request.descriptor, response: Response.descriptor,
                kind: .unary)
        }
        shareRecord = method("ShareRecord", ShareRecordRequest.self, ShareRecordResponse.self)
        unshareRecord = method("UnshareRecord", UnshareRecordRequest.self, UnshareRecordResponse.self)
        listShares = method("ListShares", ListSharesRequest.self, ListSharesResponse.self)
        explainAccess = method("ExplainAccess", ExplainAccessRequest.self, ExplainAccessResponse.self)
        listSharingProgress = method(
            "ListSharingProgress", ListSharingProgressRequest.self, ListSharingProgressResponse.self)
    }

    package var all: [MethodDefinition] {
        [shareRecord, unshareRecord, listShares, explainAccess, listSharingProgress]
    }
}
