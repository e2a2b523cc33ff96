/// The programs of an installation.
package enum ServiceName: String, Hashable, CaseIterable, Sendable {
    case gateway, identity, customer, sales

    /// The DNS name in the certificate by which the program proves to its peers who it is.
    package var peerName: String { "\(rawValue).steward.internal" }

    /// The program that a certificate with this DNS name stands for; nil for any other name.
    package init?(peerName: String) {
        guard let service = ServiceName.allCases.first(where: { $0.peerName == peerName }) else { return nil }
        self = service
    }
}
