package import RPC
package import RPCTransport

/// What a program serves.
package struct ServiceOffer: Sendable {
    /// The methods. Health and reflection are added by the host.
    package var router: Router
    /// Takes calls that the router does not know; the gateway forwards them.
    package var fallback: RawHandler?

    package init(router: Router, fallback: RawHandler? = nil) {
        self.router = router
        self.fallback = fallback
    }
}
