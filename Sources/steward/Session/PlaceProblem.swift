import Credentials
import Glibc
import RPC

/// What is wrong with the arguments that say where the server is, as far as it is known here.
enum PlaceProblem {
    /// - Parameter origin: where the address was given, as in --server.
    static func check(server: String, _ origin: String) throws(UsageProblem) {
        let address = server.split(separator: "://", maxSplits: 1).last.map { $0.prefix { $0 != "/" } } ?? ""
        guard !address.isEmpty else {
            throw UsageProblem("\(origin): \(server) is no address", cure: "write HOST:PORT, as in localhost:7400")
        }
        let sample = port(of: address) == nil ? "\(address.prefix { $0 != ":" }):7400" : String(address)
        guard address.count == server.count else {
            throw UsageProblem(
                "\(origin): \(server) is an address of the web, and the gateway is none", cure: "write \(sample)")
        }
        guard port(of: address) != nil, host(of: server) != nil else {
            throw UsageProblem(
                "\(origin): \(server) names no \(port(of: address) == nil ? "port" : "host")",
                cure: "write HOST:PORT, as in \(host(of: sample) == nil ? "localhost:7400" : sample)")
        }
    }

    /// Throws when the file holds no certificate.
    static func check(authority path: String, _ origin: String) throws(UsageProblem) {
        let cure = "name the PEM file with the certificate of the authority, ca.crt of the installation"
        guard access(path, R_OK) == 0 else {
            throw UsageProblem("\(origin): \(path) cannot be read: \(String(cString: strerror(errno)))", cure: cure)
        }
        do {
            _ = try CertificateFacts(ofPEM: String(decoding: try PrivateFile.read(path), as: UTF8.self))
        } catch {
            throw UsageProblem("\(origin): \(path) is no file with a certificate", cure: cure)
        }
    }

    /// The argument that is why there is no connection; nil when it may be another reason.
    static func of(
        _ error: RPCError, server: String, serverOrigin: String, certificateName: String?, nameOrigin: String
    ) -> UsageProblem? {
        if error.reason == Reason.serverNotTrusted.name {
            // As OpenSSL says it; keys and serial numbers may mismatch as well.
            let said = error.message.lowercased()
            guard said.contains("hostname mismatch") || said.contains("ip address mismatch") else { return nil }
            let name = certificateName ?? "gateway.steward.internal"
            let origin = certificateName == nil ? "--server-name" : nameOrigin
            return UsageProblem(
                "\(origin): the certificate of \(server) does not name \(name)",
                cure: "give --server-name NAME as the certificate has it; Steward's own have gateway.steward.internal")
        }
        guard error.code == .unavailable, let host = host(of: server), let failure = lookUpFailure(of: host) else {
            return nil
        }
        return UsageProblem(
            "\(serverOrigin): the host \(host) cannot be looked up: \(failure)",
            cure: "check how it is spelled, and the network")
    }

    private static func port(of address: some StringProtocol) -> UInt16? {
        guard let colon = address.lastIndex(of: ":"), let port = UInt16(address[address.index(after: colon)...]) else {
            return nil
        }
        return port == 0 ? nil : port
    }

    /// Without the brackets of an IPv6 address.
    private static func host(of address: String) -> String? {
        guard let colon = address.lastIndex(of: ":") else { return nil }
        let bare = String(address[..<colon])
        let host = bare.filter { !"[]".contains($0) }
        return host.isEmpty || host.contains(where: \.isWhitespace) ? nil : host
    }

    private static func lookUpFailure(of host: String) -> String? {
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, nil, &found)
        if let found { freeaddrinfo(found) }
        return code == 0 ? nil : String(cString: gai_strerror(code))
    }
}
