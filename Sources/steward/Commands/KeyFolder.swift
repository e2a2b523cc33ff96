import Credentials
import Glibc
import Tenancy

/// The folder with an installation's certificates and keys: ca.crt and ca.key, a .crt and .key for each program,
/// caller-<service>.key, by which identity proves callers to that service, ca.crl with what was revoked, and `issued`
/// with what there is to revoke.
struct KeyFolder {
    let path: String

    /// Days that a certificate is valid unless somebody says otherwise: a rotation that fails for a month harms nobody.
    static let leafDays = 90
    private static let callerKeyBytes = 32

    func create() throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw UsageProblem(
                "the folder \(path) cannot be made: \(String(cString: strerror(errno)))", cure: "check --dir")
        }
    }

    /// Does `body` while no other command changes the folder; waits for one that does.
    func locked<Value>(_ body: () throws -> Value) throws -> Value {
        let file = open("\(path)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, flock(file, LOCK_EX) == 0 else {
            throw UsageProblem(
                "the folder \(path) cannot be locked: \(String(cString: strerror(errno)))",
                cure: "check --dir, and that you may write there")
        }
        defer { close(file) }
        return try body()
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
        try writeRevocations([], by: authority)
        made(Self.revocations)
        return authority
    }

    func presentAuthority() throws -> CertificateAndKey {
        CertificateAndKey(certificatePEM: try text("ca.crt"), privateKeyPEM: try text("ca.key"))
    }

    /// A certificate without its key, with a key that is not its own, for other names than it should have, or older than the
    /// authority counts as missing.
    func hasLeaf(of program: ServiceName) -> Bool {
        guard let pair = try? leaf(of: program), pair.isPair, let leaf = modified("\(program.rawValue).crt"),
            let authority = modified("ca.crt"), let facts = facts(of: program)
        else { return false }
        return leaf >= authority && facts.dnsNames == names(program, facts.dnsNames)
    }

    /// Who takes one program for another would believe it if they shared a name: each has its own, and only the gateway has
    /// further ones, which its operator gave it. Certificates from before named the whole machine.
    private func names(_ program: ServiceName, _ wanted: [String]) -> [String] {
        guard program == .gateway else { return [program.peerName] }
        let further = wanted.filter { $0 != program.peerName && $0 != Self.nameOfAll }
        return [program.peerName] + further
    }

    /// Names every program of a machine.
    static let nameOfAll = "localhost"

    private func leaf(of program: ServiceName) throws -> CertificateAndKey {
        CertificateAndKey(
            certificatePEM: try text("\(program.rawValue).crt"), privateKeyPEM: try text("\(program.rawValue).key"))
    }

    /// What the certificate of a program says; nil when there is none that can be read.
    func facts(of program: ServiceName) -> CertificateFacts? {
        (try? text("\(program.rawValue).crt")).flatMap { try? CertificateFacts(ofPEM: $0) }
    }

    func issue(_ program: ServiceName, by authority: CertificateAndKey, hosts: [String], days: Int) throws {
        let further = program == .gateway ? hosts : []
        let addresses = further.filter { $0.contains(":") || $0.allSatisfy { $0.isNumber || $0 == "." } }
        try issue(
            LeafRequest(
                commonName: program.peerName, dnsNames: names(program, further.filter { !addresses.contains($0) }),
                ipAddresses: addresses, lifetimeDays: days), for: program, by: authority)
    }

    /// A new certificate in place of the present one, for the same names. Its life is as long unless `days` says otherwise.
    func reissue(_ program: ServiceName, by authority: CertificateAndKey, days: Int?) throws {
        guard let present = facts(of: program) else {
            return try issue(program, by: authority, hosts: [], days: days ?? Self.leafDays)
        }
        let lifetime = days ?? min(max(present.lifetimeDays, 1), Certificates.leafDaysMax)
        try issue(
            LeafRequest(
                commonName: program.peerName, dnsNames: names(program, present.dnsNames),
                ipAddresses: program == .gateway ? present.ipAddresses : [],
                lifetimeDays: lifetime), for: program, by: authority)
    }

    /// Notes it before it writes it, so that there is no certificate that cannot be revoked.
    private func issue(_ request: LeafRequest, for program: ServiceName, by authority: CertificateAndKey) throws {
        let pair = try Certificates.issue(request, by: authority)
        var log = try IssueLog(text: exists(Self.issued) ? text(Self.issued) : "")
        // One from before there was a log.
        if let present = facts(of: program) { log.add(program, present) }
        log.add(program, try CertificateFacts(ofPEM: pair.certificatePEM))
        try PrivateFile.write(Array(log.text(at: Int64(time(nil))).utf8), to: "\(path)/\(Self.issued)")
        try pair.write(certificatePath: "\(path)/\(program.rawValue).crt", keyPath: "\(path)/\(program.rawValue).key")
    }

    // MARK: Revocation

    static let revocations = "ca.crl"
    private static let issued = "issued"

    /// Makes the list if it is missing. True when it did.
    func makeMissingRevocations(by authority: CertificateAndKey) throws -> Bool {
        guard !exists(Self.revocations) else { return false }
        try writeRevocations([], by: authority)
        return true
    }

    /// Takes back every certificate of the program that is still valid, and issues a new one first, so that the program
    /// itself is never shut out. Returns the serial numbers.
    func revoke(_ program: ServiceName, by authority: CertificateAndKey, days: Int?) throws -> [String] {
        var log = try IssueLog(text: exists(Self.issued) ? text(Self.issued) : "")
        if let present = facts(of: program) { log.add(program, present) }
        let serials = log.serials(of: program, validAt: Int64(time(nil)))
        try reissue(program, by: authority, days: days)
        let before = exists(Self.revocations) ? try RevocationList.serials(ofPEM: text(Self.revocations)) : []
        try writeRevocations(before + serials.filter { !before.contains($0) }, by: authority)
        return serials
    }

    private func writeRevocations(_ serials: [String], by authority: CertificateAndKey) throws {
        let list = try RevocationList.make(serials: serials, by: authority)
        try PrivateFile.write(Array(list.utf8), to: "\(path)/\(Self.revocations)", mode: 0o644)
    }

    // MARK: The rest

    func makeMissingCallerKeys() throws -> [String] {
        try ServiceName.dataServices.map { "caller-\($0.rawValue).key" }.filter { !exists($0) }.map { name in
            let text = try RandomToken.hexText(bytes: Self.callerKeyBytes) + "\n"
            try PrivateFile.write(Array(text.utf8), to: "\(path)/\(name)")
            return name
        }
    }

    private func exists(_ name: String) -> Bool { access("\(path)/\(name)", F_OK) == 0 }

    private func modified(_ name: String) -> Int? {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { return nil }
        return status.st_mtim.tv_sec
    }
}
