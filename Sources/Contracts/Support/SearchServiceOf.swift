package import RPC

/// The method of a service's SearchService, which has the same messages whatever the service: `steward.customer.v1.SearchService` and so on.
/// Generated contracts have it, too, for reflection; a test compares both.
package struct SearchServiceOf: Sendable {
    package let search: MethodDefinition

    /// - Parameter package: as in `steward.customer.v1`.
    package init(package: String) {
        search = MethodDefinition(
            path: "\(package).SearchService/Search", request: SearchRequest.descriptor,
            response: SearchResponse.descriptor, kind: .unary)
    }
}
