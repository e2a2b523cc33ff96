/// Finds the route of a call by the bytes of its path.
package final class RouteTable: Sendable {
    private let routes: PathTable<Router.Route>
    private let services: Set<String>

    package init(_ router: Router) {
        routes = PathTable(router.routes.map { (path: $0.method.path, value: $0) })
        services = Set(router.routes.map(\.method.service))
    }

    /// The route whose path has these bytes.
    package func find(_ path: UnsafeRawBufferPointer) -> Router.Route? { routes.find(path) }

    /// Why `find` found nothing: UNIMPLEMENTED with SERVICE_UNKNOWN or METHOD_UNKNOWN.
    package func unknown(_ path: UnsafeRawBufferPointer) -> RPCError {
        let text = String(decoding: path.prefix(256), as: UTF8.self)
        let service = text.lastIndex(of: "/").map { String(text[..<$0]) } ?? text
        let isKnown = services.contains(service)
        return RPCError(
            .unimplemented, reason: isKnown ? "METHOD_UNKNOWN" : "SERVICE_UNKNOWN",
            isKnown
                ? "The service has no method \(text). ReflectionService/ListServices names those it has."
                : "This server has no service \(service). ReflectionService/ListServices names those it has.",
            details: [(key: "method", value: text)])
    }
}
