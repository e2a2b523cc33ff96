import COpenSSL
import Glibc

/// A certificate and its private key, both as PEM text.
package struct CertificateAndKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// The certificate; for a leaf without the authority's, which the other side has as its trust root.
    package let certificatePEM: String
    /// The key in PKCS #8. Never printed.
    package let privateKeyPEM: String

    /// Takes PEM texts as they are; ``Certificates`` says what is wrong with them when they are used.
    package init(certificatePEM: String, privateKeyPEM: String) {
        self.certificatePEM = certificatePEM
        self.privateKeyPEM = privateKeyPEM
    }

    package var description: String { "CertificateAndKey(•••)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Writes the key with mode 0600 and then the certificate with 0644, each in one step.
    package func write(certificatePath: String, keyPath: String) throws(CredentialsError) {
        try PrivateFile.write(Array(privateKeyPEM.utf8), to: keyPath)
        try PrivateFile.write(Array(certificatePEM.utf8), to: certificatePath, mode: 0o644)
    }
}

/// What a leaf certificate says.
package struct LeafRequest: Sendable {
    /// Common name, at most 64 characters; for people, since verifiers look at the alternative names.
    package var commonName: String
    /// Host names that the certificate is for, as in customer.steward.internal.
    package var dnsNames: [String]
    /// IPv4 or IPv6 addresses that the certificate is for.
    package var ipAddresses: [String]
    /// Days from now that it is valid, 1 … 825 (the most that common verifiers accept).
    package var lifetimeDays: Int

    package init(commonName: String, dnsNames: [String], ipAddresses: [String] = [], lifetimeDays: Int = 90) {
        self.commonName = commonName
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.lifetimeDays = lifetimeDays
    }
}

/// A private certificate authority: ECDSA on P-256 with SHA-256, X.509 version 3.
package enum Certificates {
    /// Longest lifetime of an authority in days: ten years.
    package static let authorityDaysMax = 3_660
    /// Longest lifetime of a leaf in days.
    package static let leafDaysMax = 825
    /// Validity begins this long before now, so that a peer whose clock is behind accepts a fresh certificate.
    package static let backdateSeconds: Int64 = 300

    /// Makes a self-signed authority that can sign leaves and nothing below them.
    package static func makeAuthority(
        commonName: String, lifetimeDays: Int = authorityDaysMax
    ) throws(CredentialsError) -> CertificateAndKey {
        guard (1...authorityDaysMax).contains(lifetimeDays) else {
            throw CredentialsError(.invalidInput, "an authority lives 1 to \(authorityDaysMax) days")
        }
        let key = try X509Key.make()
        let certificate = try X509Certificate.make(commonName: commonName, days: lifetimeDays, key: key)
        try certificate.setIssuer(certificate)
        try certificate.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0", issuer: certificate)
        try certificate.add(NID_key_usage, "critical,keyCertSign,cRLSign", issuer: certificate)
        try certificate.add(NID_subject_key_identifier, "hash", issuer: certificate)
        try certificate.sign(with: key)
        return CertificateAndKey(certificatePEM: try certificate.pem(), privateKeyPEM: try key.pem())
    }

    /// Issues a certificate that serves as server and as client, since every program is both.
    package static func issue(
        _ request: LeafRequest, by authority: CertificateAndKey
    ) throws(CredentialsError) -> CertificateAndKey {
        guard (1...leafDaysMax).contains(request.lifetimeDays) else {
            throw CredentialsError(.invalidInput, "a certificate lives 1 to \(leafDaysMax) days")
        }
        let names = try alternativeNames(of: request)
        let issuer = try X509Certificate(pem: authority.certificatePEM)
        let issuerKey = try X509Key(pem: authority.privateKeyPEM)
        let key = try X509Key.make()
        let leaf = try X509Certificate.make(
            commonName: request.commonName, days: request.lifetimeDays, key: key)
        try leaf.setIssuer(issuer)
        try leaf.add(NID_basic_constraints, "critical,CA:FALSE", issuer: issuer)
        try leaf.add(NID_key_usage, "critical,digitalSignature", issuer: issuer)
        try leaf.add(NID_ext_key_usage, "serverAuth,clientAuth", issuer: issuer)
        try leaf.add(NID_subject_key_identifier, "hash", issuer: issuer)
        try leaf.add(NID_authority_key_identifier, "keyid:always", issuer: issuer)
        try leaf.add(NID_subject_alt_name, names, issuer: issuer)
        try leaf.sign(with: issuerKey)
        return CertificateAndKey(certificatePEM: try leaf.pem(), privateKeyPEM: try key.pem())
    }

    /// The names in the form of x509v3_config(5). Each is checked letter by letter, because a comma would let a name
    /// smuggle in another one.
    private static func alternativeNames(of request: LeafRequest) throws(CredentialsError) -> String {
        var names: [String] = []
        for name in request.dnsNames {
            guard isHostName(name) else {
                throw CredentialsError(
                    .invalidInput, "\"\(name)\" is no host name: 1 to 253 of a-z, 0-9, - and .")
            }
            names.append("DNS:\(name)")
        }
        for address in request.ipAddresses {
            var bytes = in6_addr()
            guard inet_pton(AF_INET, address, &bytes) == 1 || inet_pton(AF_INET6, address, &bytes) == 1 else {
                throw CredentialsError(.invalidInput, "\"\(address)\" is no IPv4 or IPv6 address")
            }
            names.append("IP:\(address)")
        }
        guard !names.isEmpty else {
            throw CredentialsError(.invalidInput, "a certificate needs at least one host name or address")
        }
        return names.joined(separator: ",")
    }

    private static func isHostName(_ name: String) -> Bool {
        (1...253).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }
}
