import COpenSSL
import Glibc

/// Who the peer is by the certificate it proved to hold.
package struct PeerIdentity: Sendable, Hashable {
    /// The common name of the subject; empty when there is none.
    package let commonName: String
    /// The DNS names of the certificate (subject alternative names), lower-case.
    package let dnsNames: [String]
    /// SHA-256 of the whole certificate, 32 bytes.
    package let fingerprint: [UInt8]
    /// The end of its validity, in seconds since 1970 UTC.
    package let notAfter: Int64

    /// Reads a certificate; names with a NUL byte in them are left out, because such a name is made to
    /// deceive.
    init(_ certificate: OpaquePointer) {
        commonName = Self.commonName(certificate)
        dnsNames = Self.dnsNames(certificate)
        fingerprint = Self.fingerprint(certificate)
        notAfter = Self.notAfter(certificate)
    }

    private static func commonName(_ certificate: OpaquePointer) -> String {
        guard let subject = X509_get_subject_name(certificate),
            case let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), index >= 0,
            let entry = X509_NAME_get_entry(subject, index)
        else { return "" }
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry))
        guard count >= 0, let bytes else { return "" }
        defer { CRYPTO_free(bytes, #file, #line) }
        return text(bytes, count) ?? ""
    }

    private static func dnsNames(_ certificate: OpaquePointer) -> [String] {
        guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(names)
        defer { GENERAL_NAMES_free(list) }
        return (0..<steward_general_name_count(list)).compactMap { index in
            var count: Int32 = 0
            guard let bytes = steward_general_name_dns(list, index, &count) else { return nil }
            return text(bytes, count)?.lowercased()
        }
    }

    private static func fingerprint(_ certificate: OpaquePointer) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        let done = X509_digest(certificate, EVP_sha256(), &digest, nil)
        precondition(done == 1, "libcrypto has no SHA-256")
        return digest
    }

    /// The end of validity of a certificate; 0 when it states none that can be read, which is long past.
    static func notAfter(_ certificate: OpaquePointer) -> Int64 {
        var parts = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1 else { return 0 }
        return Int64(timegm(&parts))
    }

    /// The serial number in hexadecimal, as certificate tools show it.
    static func serial(_ certificate: OpaquePointer) -> String {
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nil) else { return "" }
        defer { BN_free(number) }
        guard let digits = BN_bn2hex(number) else { return "" }
        defer { CRYPTO_free(digits, #file, #line) }
        return String(cString: digits)
    }

    private static func text(_ bytes: UnsafePointer<UInt8>, _ count: Int32) -> String? {
        let buffer = UnsafeBufferPointer(start: bytes, count: Int(count))
        guard !buffer.contains(0) else { return nil }
        return String(validating: buffer, as: UTF8.self)
    }
}
