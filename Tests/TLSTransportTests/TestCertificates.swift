import Foundation

@testable import TLSTransport

/// A certificate authority in a directory of its own, made with the `openssl` command; gone with the value.
final class TestCertificates: Sendable {
    let directory: String

    init() throws {
        var template = Array("/tmp/steward-tls-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandFailed(text: "mkdtemp") }
        directory = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        let sections = [
            "[req]", "distinguished_name=dn", "[dn]", "[ca]", "default_ca=lists", "[lists]",
            "database=\(path("index"))", "default_md=sha256", "default_crl_days=2",
        ]
        try sections.joined(separator: "\n").write(toFile: path("cnf"), atomically: true, encoding: .utf8)
        try "".write(toFile: path("index"), atomically: true, encoding: .utf8)
        try authority("ca")
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    func path(_ name: String) -> String { directory + "/" + name }

    func authority(_ name: String) throws {
        try issue(name, ["-addext", "basicConstraints=critical,CA:TRUE", "-subj", "/CN=\(name)"])
    }

    /// Writes `<name>.pem` and `<name>.key` for `<host>.steward.internal`, vouched for by the authority.
    func leaf(_ name: String, host: String? = nil, authority: String = "ca") throws {
        let host = (host ?? name) + ".steward.internal"
        try issue(
            name,
            [
                "-CA", path("\(authority).pem"), "-CAkey", path("\(authority).key"), "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=DNS:\(host),DNS:Second.example,IP:127.0.0.1",
            ])
    }

    /// Takes a certificate back.
    func revoke(_ name: String) throws {
        try runOpenSSL(["ca", "-config", path("cnf"), "-revoke", path("\(name).pem")] + authorityFiles("ca"))
        try writeRevocations()
    }

    /// Writes `crl.pem`, which `settings` names from then on.
    func writeRevocations(by authority: String = "ca") throws {
        try runOpenSSL(
            ["ca", "-config", path("cnf"), "-gencrl", "-out", path("crl.pem")] + authorityFiles(authority))
    }

    /// The serial number of a certificate, in hexadecimal.
    func serial(_ name: String) throws -> String {
        let text = try runOpenSSL(["x509", "-noout", "-serial", "-in", path("\(name).pem")])
        return text.split(separator: "=").last.map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
    }

    private func authorityFiles(_ name: String) -> [String] {
        ["-cert", path("\(name).pem"), "-keyfile", path("\(name).key")]
    }

    func settings(_ name: String?, verify: TLSSettings.PeerVerification = .required) -> TLSSettings {
        TLSSettings(
            certificateChain: name.map { path("\($0).pem") }, privateKey: name.map { path("\($0).key") },
            trustRoots: path("ca.pem"),
            revocationLists: FileManager.default.fileExists(atPath: path("crl.pem")) ? path("crl.pem") : nil,
            verifyPeer: verify)
    }

    private func issue(_ name: String, _ arguments: [String]) throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try runOpenSSL(
            ["req", "-x509", "-config", path("cnf"), "-days", "2", "-keyout", path("\(name).key")] + key
                + ["-out", path("\(name).pem")] + arguments)
    }
}

struct CommandFailed: Error { let text: String }

/// Runs the `openssl` command to its end with an empty input.
@discardableResult
func runOpenSSL(_ arguments: [String], mayFail: Bool = false) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard mayFail || process.terminationStatus == 0 else { throw CommandFailed(text: text) }
    return text
}
