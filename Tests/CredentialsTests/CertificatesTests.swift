import Credentials
import Foundation
import Testing

@Suite struct CertificatesTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("pki-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Runs the openssl program, a second implementation to judge ours by.
    private func openssl(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test func leavesAreAcceptedAsServerAndClient() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let authority = try Certificates.makeAuthority(commonName: "Steward test CA")
        let leaf = try Certificates.issue(
            LeafRequest(
                commonName: "customer", dnsNames: ["customer.steward.internal", "localhost"],
                ipAddresses: ["127.0.0.1", "::1"]), by: authority)
        try authority.write(certificatePath: path("ca.pem"), keyPath: path("ca.key"))
        try leaf.write(certificatePath: path("leaf.pem"), keyPath: path("leaf.key"))
        for purpose in ["sslserver", "sslclient"] {
            let verified = try openssl(
                "verify", "-x509_strict", "-purpose", purpose, "-verify_hostname",
                "customer.steward.internal",
                "-CAfile", path("ca.pem"), path("leaf.pem"))
            #expect(verified.status == 0, "\(verified.output)")
        }
        let wrongName = try openssl(
            "verify", "-verify_hostname", "sales.steward.internal", "-CAfile", path("ca.pem"),
            path("leaf.pem"))
        #expect(wrongName.status != 0)
        let text = try openssl("x509", "-in", path("leaf.pem"), "-noout", "-text").output
        #expect(text.contains("DNS:customer.steward.internal, DNS:localhost, IP Address:127.0.0.1"))
        #expect(text.contains("TLS Web Server Authentication, TLS Web Client Authentication"))
        #expect(text.contains("NIST CURVE: P-256"))
    }

    @Test func aLeafSignsNothing() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let authority = try Certificates.makeAuthority(commonName: "Steward test CA")
        let leaf = try Certificates.issue(LeafRequest(commonName: "a", dnsNames: ["a"]), by: authority)
        let below = try Certificates.issue(LeafRequest(commonName: "b", dnsNames: ["b"]), by: leaf)
        try authority.write(certificatePath: path("ca.pem"), keyPath: path("ca.key"))
        try leaf.write(certificatePath: path("a.pem"), keyPath: path("a.key"))
        try below.write(certificatePath: path("b.pem"), keyPath: path("b.key"))
        let verified = try openssl(
            "verify", "-CAfile", path("ca.pem"), "-untrusted", path("a.pem"), path("b.pem"))
        #expect(verified.status != 0)
    }

    @Test func filesAreThere600AndWhole() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let authority = try Certificates.makeAuthority(commonName: "x")
        try authority.write(certificatePath: path("ca.pem"), keyPath: path("ca.key"))
        try authority.write(certificatePath: path("ca.pem"), keyPath: path("ca.key"))
        let key = try FileManager.default.attributesOfItem(atPath: path("ca.key"))
        #expect((key[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(try PrivateFile.read(path("ca.key")) == Array(authority.privateKeyPEM.utf8))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["ca.key", "ca.pem"])
    }

    @Test func missingFoldersAreNamed() {
        #expect {
            try PrivateFile.write([1], to: "/nowhere/at/all.key")
        } throws: { error in
            "\(error)".contains("/nowhere/at/all.key") && "\(error)".contains("check the path")
        }
    }

    @Test func expiryIsReadBack() throws {
        let authority = try Certificates.makeAuthority(commonName: "x")
        let leaf = try Certificates.issue(
            LeafRequest(commonName: "a", dnsNames: ["a"], lifetimeDays: 10), by: authority)
        let seconds = try CertificateFacts(ofPEM: leaf.certificatePEM).notAfter
        let expected = Int64(Date().timeIntervalSince1970) + 10 * 86_400
        #expect(abs(seconds - expected) < 60)
        #expect(throws: CredentialsError.self) { try CertificateFacts(ofPEM: "no certificate") }
    }

    @Test(arguments: ["", "a,IP:10.0.0.1", "a b", "A", "ä"])
    func namesCannotSmuggleInOthers(_ name: String) throws {
        let authority = try Certificates.makeAuthority(commonName: "x")
        #expect(throws: CredentialsError.self) {
            try Certificates.issue(LeafRequest(commonName: "a", dnsNames: [name]), by: authority)
        }
    }

    @Test func keysDoNotPrint() throws {
        let authority = try Certificates.makeAuthority(commonName: "x")
        var dumped = ""
        dump(authority, to: &dumped)
        #expect(!"\(authority) \(dumped)".contains("PRIVATE"))
    }
}
