/// The certificates and rules of a `TLSContext`. Paths are of PEM files, read when the context is made and
/// when it reloads.
package struct TLSSettings: Sendable {
    package enum PeerVerification: Sendable, Hashable {
        /// The peer need not show a certificate: the side of a server that thin clients connect to.
        case none
        /// The peer must show a certificate that the trust roots vouch for.
        case required
    }

    /// The name of the protocol inside; a peer that does not offer exactly this is refused.
    package static let applicationProtocol = "steward/1"

    /// Own certificate first, then the intermediate ones. A server must have it; a client only for mutual
    /// TLS.
    package var certificateChain: String?
    /// The private key of the own certificate.
    package var privateKey: String?
    /// The certificates that vouch for peers; nil means those of the system.
    package var trustRoots: String?
    /// Revocation lists of the authorities, PEM, one for each authority of `trustRoots`; nil means that nothing is
    /// revoked.
    package var revocationLists: String?
    /// Whether the peer must show a certificate.
    package var verifyPeer: PeerVerification
    /// The protocol name to agree on, 1 to 255 bytes.
    package var alpn: String

    package init(
        certificateChain: String? = nil, privateKey: String? = nil, trustRoots: String? = nil,
        revocationLists: String? = nil, verifyPeer: PeerVerification, alpn: String = TLSSettings.applicationProtocol
    ) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.trustRoots = trustRoots
        self.revocationLists = revocationLists
        self.verifyPeer = verifyPeer
        self.alpn = alpn
    }
}
