import Credentials
import Glibc
import Tenancy

/// The folder with an installation's certificates and keys: ca.crt and ca.key, a .crt and .key for each program, and
/// caller-<service>.key, by which identity proves callers to that service.
struct KeyFolder {
    let path: String

    private static let leafDays = Certificates.leafDaysMax
    private static let callerKeyBytes = 32
    private static let services: [ServiceName] = [.identity, .customer, .sales]

    func create() throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw UsageProblem(
                "the folder \(path) cannot be made: \(String(cString: strerror(errno)))", cure: "check --dir")
        }
    }

    func text(_ name: String) throws -> String {
        String(decoding: try PrivateFile.read("\(path)/\(name)"), as: UTF8.self)
    }

    /// The authority, made if it is missing.
    func authority(made: (String) -> Void) throws -> CertificateAndKey {
        if exists("ca.crt"), exists("ca.key") { return try presentAuthority() }
        let authority = try Certificates.makeAuthority(commonName: "Steward installation authority")
        try authority.write(certificatePath: "\(path)/ca.crt", keyPath: "\(path)/ca.key")
        made("ca.crt")
        return authority
    }

    func presentAuthority() throws -> CertificateAndKey {
        CertificateAndKey(certificatePEM: try text("ca.crt"), privateKeyPEM: try text("ca.key"))
    }

    /// A certificate without its key, or older than the authority, counts as missing.
    func hasLeaf(of program: ServiceName) -> Bool {
        guard exists("\(program.rawValue).key"), let leaf = modified("\(program.rawValue).crt"),
            let authority = modified("ca.crt")
        else { return false }
        return leaf >= authority
    }

    func issue(_ program: ServiceName, by authority: CertificateAndKey, hosts: [String]) throws {
        let extra = program == .gateway ? hosts : []
        let addresses = extra.filter { $0.contains(":") || $0.allSatisfy { $0.isNumber || $0 == "." } }
        let request = LeafRequest(
            commonName: program.peerName, dnsNames: Self.dnsNames(program) + extra.filter { !addresses.contains($0) },
            ipAddresses: ["127.0.0.1", "::1"] + addresses, lifetimeDays: Self.leafDays)
        try Certificates.issue(request, by: authority).write(
            certificatePath: "\(path)/\(program.rawValue).crt", keyPath: "\(path)/\(program.rawValue).key")
    }

    func makeMissingCallerKeys() throws -> [String] {
        try Self.services.map { "caller-\($0.rawValue).key" }.filter { !exists($0) }.map { name in
            let text = try RandomToken.hexText(bytes: Self.callerKeyBytes) + "\n"
            try PrivateFile.write(Array(text.utf8), to: "\(path)/\(name)")
            return name
        }
    }

    static func dnsNames(_ program: ServiceName) -> [String] { [program.peerName, "localhost"] }

    private func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    private func modified(_ name: String) -> Int? {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { return nil }
        return status.st_mtim.tv_sec
    }
}
