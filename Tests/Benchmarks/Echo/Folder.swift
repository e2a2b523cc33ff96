import Credentials
import TLSTransport

/// Where the certificates of a run are.
struct Folder: Sendable {
    let path: String

    func fill() throws {
        let authority = try Certificates.makeAuthority(commonName: "benchmarks")
        try PrivateFile.write(Array(authority.certificatePEM.utf8), to: "\(path)/ca.crt", mode: 0o644)
        for name in ["server", "gateway"] {
            try Certificates.issue(
                LeafRequest(commonName: name, dnsNames: ["\(name).steward.internal"]), by: authority
            )
            .write(certificatePath: "\(path)/\(name).crt", keyPath: "\(path)/\(name).key")
        }
    }

    func settings(_ name: String, verify: TLSSettings.PeerVerification) -> TLSSettings {
        TLSSettings(
            certificateChain: "\(path)/\(name).crt", privateKey: "\(path)/\(name).key",
            trustRoots: "\(path)/ca.crt",
            verifyPeer: verify)
    }
}
