package import RPC
import Wire

/// The methods of a service's ModelService, which has the same messages whatever the service, as `JobServiceOf`.
package struct ModelServiceOf: Sendable {
    package let listObjects, describeObject, resolveView, previewRule: MethodDefinition

    /// - Parameter package: as in `steward.customer.v1`.
    package init(package: String) {
        func method<Request: WireMessage, Response: WireMessage>(
            _ name: String, _: Request.Type, _: Response.Type
        ) -> MethodDefinition {
            MethodDefinition(
                path: "\(package).ModelService/\(name)", request: Request.descriptor, response: Response.descriptor,
                kind: .unary)
        }
        listObjects = method("ListObjects", ListObjectsRequest.self, ListObjectsResponse.self)
        describeObject = method("DescribeObject", DescribeObjectRequest.self, DescribeObjectResponse.self)
        resolveView = method("ResolveView", ResolveViewRequest.self, ResolveViewResponse.self)
        previewRule = method("PreviewRule", PreviewRuleRequest.self, PreviewRuleResponse.self)
    }

    package var all: [MethodDefinition] { [listObjects, describeObject, resolveView, previewRule] }
}
