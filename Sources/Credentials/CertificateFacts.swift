import COpenSSL
import Glibc

/// What a certificate says about itself.
package struct CertificateFacts: Hashable, Sendable {
    /// Upper-case hexadecimal, as tools show it.
    package let serial: String
    package let commonName: String
    package let dnsNames: [String]
    /// In digits.
    package let ipAddresses: [String]
    /// Seconds since 1970 UTC.
    package let notBefore: Int64
    package let notAfter: Int64

    /// Reads the first certificate of a PEM text.
    package init(ofPEM pem: String) throws(CredentialsError) {
        let certificate = try X509Certificate(pem: pem)
        let pointer = certificate.pointer
        let names = AlternativeNames(of: pointer)
        (dnsNames, ipAddresses) = (names.dns, names.ip)
        commonName = Self.commonName(pointer)
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(pointer), nil) else {
            throw CredentialsError.openSSL("reading a serial number")
        }
        defer { BN_free(number) }
        guard let digits = BN_bn2hex(number) else { throw CredentialsError.openSSL("reading a serial number") }
        serial = String(cString: digits)
        CRYPTO_free(digits, #file, #line)
        notBefore = try Self.seconds(X509_get0_notBefore(pointer))
        notAfter = try Self.seconds(X509_get0_notAfter(pointer))
    }

    /// Days from issue to end, without the minutes that its beginning was set back.
    package var lifetimeDays: Int { Int((notAfter - notBefore - Certificates.backdateSeconds) / 86_400) }

    /// Whether less than a third of its life is left.
    package func isDue(at now: Int64) -> Bool { (notAfter - now) * 3 < notAfter - notBefore }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) throws(CredentialsError) -> Int64 {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else {
            throw CredentialsError.openSSL("reading the validity of a certificate")
        }
        return Int64(timegm(&parts))
    }

    private static func commonName(_ certificate: OpaquePointer) -> String {
        guard let subject = X509_get_subject_name(certificate),
            case let index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), index >= 0,
            let data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))
        else { return "" }
        return text(ASN1_STRING_get0_data(data), ASN1_STRING_length(data))
    }

    static func text(_ bytes: UnsafePointer<UInt8>?, _ count: Int32) -> String {
        String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
    }
}

/// The subject alternative names of a certificate that are host names and addresses.
private struct AlternativeNames {
    private(set) var dns: [String] = []
    private(set) var ip: [String] = []

    init(of certificate: OpaquePointer) {
        guard let names = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return }
        let list = OpaquePointer(names)
        defer { GENERAL_NAMES_free(list) }
        for index in 0..<steward_general_name_count(list) {
            var count: Int32 = 0
            if let bytes = steward_general_name_dns(list, index, &count) {
                dns.append(CertificateFacts.text(bytes, count))
            } else if let bytes = steward_general_name_ip(list, index, &count), let text = Self.digits(bytes, count) {
                ip.append(text)
            }
        }
    }

    private static func digits(_ bytes: UnsafePointer<UInt8>, _ count: Int32) -> String? {
        guard count == 4 || count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }
}
