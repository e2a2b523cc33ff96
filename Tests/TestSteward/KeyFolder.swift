import Credentials
import Tenancy

/// Certificates and keys of an installation, as `steward pki init` makes them.
struct KeyFolder: Sendable {
    let path: String
    private let authority: CertificateAndKey

    var trustRoots: String { "\(path)/ca.crt" }

    var revocations: String { "\(path)/ca.crl" }

    init(path: String) throws {
        self.path = path
        authority = try Certificates.makeAuthority(commonName: "Steward test authority", lifetimeDays: 2)
        try authority.write(certificatePath: "\(path)/ca.crt", keyPath: "\(path)/ca.key")
        let list = try RevocationList.make(serials: [], by: authority)
        try PrivateFile.write(Array(list.utf8), to: revocations, mode: 0o644)
        for program in ServiceName.allCases { try issue(program) }
        for service in ServiceName.dataServices {
            let key = try RandomToken.hexText(bytes: 32) + "\n"
            try PrivateFile.write(Array(key.utf8), to: "\(path)/caller-\(service.rawValue).key")
        }
    }

    /// A certificate and its key.
    func files(of program: ServiceName) -> (certificate: String, key: String) {
        ("\(path)/\(program.rawValue).crt", "\(path)/\(program.rawValue).key")
    }

    /// A new certificate and key for a program, in place of those that are there.
    func issue(_ program: ServiceName) throws { try issue(program, by: authority) }

    /// The same by an authority that nobody trusts.
    func forge(_ program: ServiceName) throws {
        try issue(program, by: Certificates.makeAuthority(commonName: "Another authority", lifetimeDays: 2))
    }

    private func issue(_ program: ServiceName, by authority: CertificateAndKey) throws {
        let leaf = LeafRequest(
            commonName: program.peerName, dnsNames: [program.peerName], lifetimeDays: 2)
        let files = files(of: program)
        try Certificates.issue(leaf, by: authority).write(certificatePath: files.certificate, keyPath: files.key)
    }
}
