public import Logging
public import RPC
import Tenancy

/// How a client reaches an installation, and how patient it is. Only the addresses must be given.
///
/// ```swift
/// var configuration = StewardConfiguration(addresses: ["crm-1.example:7400", "crm-2.example:7400"])
/// configuration.retry = .none
/// let steward = try await StewardConnection.connect(configuration)
/// ```
public struct StewardConfiguration: Sendable {
    /// The gateways, host:port. A name may stand for several addresses; it is
    /// looked up again every so often and when a connection fails.
    public var addresses: [String]
    /// PEM file with the certificate authorities to trust; nil trusts those of the system.
    public var trustRoots: String?
    /// The name that the gateway's certificate must carry. Nil: with `trustRoots` `gateway.steward.internal`, which the gateway of
    /// an installation has and no other program of it; with the authorities of the system the host of the address.
    public var certificateName: String?
    /// How long `connect` may take.
    public var connectTimeout: Duration = .seconds(10)
    /// How long a unary call may take when its options do not say.
    public var callTimeout: Duration = .seconds(30)
    /// When calls that failed are sent again. `CallOptions.retries` turns it off for a single call.
    public var retry = RetryPolicy()
    /// Name and version of your program, up to 128 bytes, for the logs of the installation.
    public var agent = "steward-client/0.1.0"
    /// Hears of connections that cannot be made, at level warning, and of nothing else. Silent unless given.
    public var logger = Logger(label: "steward-client") { _ in SwiftLogNoOpLogHandler() }

    public init(addresses: [String], trustRoots: String? = nil) {
        self.addresses = addresses
        self.trustRoots = trustRoots
    }

    func certificateName(forHost host: String) -> String {
        certificateName ?? (trustRoots == nil ? host : ServiceName.gateway.peerName)
    }
}
