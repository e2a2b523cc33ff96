/// The programs of an installation, in the order of their ports.
package enum ServiceName: String, Hashable, CaseIterable, Sendable {
    case gateway, identity, customer, sales, provisioner

    /// Those that keep data of tenants, each in schemas of its own.
    package static let dataServices = allCases.filter { TenantSchema.suffix(of: $0) != nil }

    /// The DNS name in the certificate by which the program proves to its peers who it is.
    package var peerName: String { "\(rawValue).steward.internal" }

    /// The program that a certificate with this DNS name stands for; nil for any other name.
    package init?(peerName: String) {
        guard let service = ServiceName.allCases.first(where: { $0.peerName == peerName }) else { return nil }
        self = service
    }
}
