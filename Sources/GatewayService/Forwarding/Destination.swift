import Tenancy

/// Which program serves a method, found from the package in its name. Only the packages that thin clients may call are
/// listed: what programs offer each other (steward.platform) cannot be reached through the gateway.
enum Destination {
    private static let services: [(prefix: StaticString, service: ServiceName)] = [
        ("steward.identity.v1.", .identity), ("steward.customer.v1.", .customer), ("steward.sales.v1.", .sales),
    ]

    /// Nil for a method that no program offers to clients.
    static func service(ofMethod path: UnsafeRawBufferPointer) -> ServiceName? {
        services.first { starts(path, with: $0.prefix) }?.service
    }

    /// The methods that open a session and so cannot need one.
    private static let open: [StaticString] = [
        "steward.identity.v1.AuthenticationService/SignIn",
        "steward.identity.v1.AuthenticationService/SignInOperator",
        "steward.identity.v1.AuthenticationService/RefreshSession",
    ]

    static func needsSession(method path: UnsafeRawBufferPointer) -> Bool {
        !open.contains { $0.utf8CodeUnitCount == path.count && starts(path, with: $0) }
    }

    private static func starts(_ path: UnsafeRawBufferPointer, with prefix: StaticString) -> Bool {
        let count = prefix.utf8CodeUnitCount
        guard path.count >= count else { return false }
        return UnsafeRawBufferPointer(rebasing: path[..<count])
            .elementsEqual(UnsafeBufferPointer(start: prefix.utf8Start, count: count))
    }
}
