import COpenSSL
import Glibc

/// The list of certificates that an authority has taken back before their end (X.509 CRL, version 2).
package enum RevocationList {
    /// A list is good for as long as its authority: it takes effect where it is installed, and one that expired there
    /// would shut everybody out.
    private static let lifetimeDays = Certificates.authorityDaysMax

    /// Signs a list of serial numbers in hexadecimal. Lists say when a certificate was revoked; that is now for all.
    package static func make(serials: [String], by authority: CertificateAndKey) throws(CredentialsError) -> String {
        let issuer = try X509Certificate(pem: authority.certificatePEM)
        let key = try X509Key(pem: authority.privateKeyPEM)
        guard let list = X509_CRL_new() else { throw CredentialsError.openSSL("making a revocation list") }
        defer { X509_CRL_free(list) }
        guard let now = X509_gmtime_adj(nil, 0), let end = X509_gmtime_adj(nil, lifetimeDays * 86_400) else {
            throw CredentialsError.openSSL("dating a revocation list")
        }
        defer {
            ASN1_STRING_free(now)
            ASN1_STRING_free(end)
        }
        guard X509_CRL_set_version(list, 1) == 1,
            X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer.pointer)) == 1,
            X509_CRL_set1_lastUpdate(list, now) == 1, X509_CRL_set1_nextUpdate(list, end) == 1
        else { throw CredentialsError.openSSL("filling in a revocation list") }
        for serial in serials { try add(serial, at: now, to: list) }
        guard X509_CRL_sort(list) == 1, X509_CRL_sign(list, key.pointer, EVP_sha256()) > 0,
            let text = MemoryBIO.writing({ PEM_write_bio_X509_CRL($0, list) == 1 })
        else { throw CredentialsError.openSSL("signing a revocation list") }
        return text
    }

    /// The serial numbers of a list, upper-case hexadecimal.
    package static func serials(ofPEM pem: String) throws(CredentialsError) -> [String] {
        guard let list = MemoryBIO.reading(pem, { PEM_read_bio_X509_CRL($0, nil, nil, nil) }) else {
            throw CredentialsError.openSSL("reading a revocation list")
        }
        defer { X509_CRL_free(list) }
        let entries = X509_CRL_get_REVOKED(list)
        return try (0..<max(steward_revoked_count(entries), 0)).map { index throws(CredentialsError) in
            let serial = X509_REVOKED_get0_serialNumber(steward_revoked(entries, index))
            guard let number = ASN1_INTEGER_to_BN(serial, nil) else {
                throw CredentialsError.openSSL("reading a serial number")
            }
            defer { BN_free(number) }
            guard let digits = BN_bn2hex(number) else { throw CredentialsError.openSSL("reading a serial number") }
            defer { CRYPTO_free(digits, #file, #line) }
            return String(cString: digits)
        }
    }

    private static func add(
        _ serial: String, at moment: UnsafeMutablePointer<ASN1_TIME>, to list: OpaquePointer
    ) throws(CredentialsError) {
        var number: OpaquePointer?
        guard BN_hex2bn(&number, serial) == serial.utf8.count, let number else {
            throw CredentialsError(.invalidInput, "\"\(serial)\" is no serial number in hexadecimal")
        }
        defer { BN_free(number) }
        guard let integer = BN_to_ASN1_INTEGER(number, nil) else {
            throw CredentialsError.openSSL("taking a serial number")
        }
        defer { ASN1_STRING_free(integer) }
        guard let entry = X509_REVOKED_new(), X509_REVOKED_set_serialNumber(entry, integer) == 1,
            X509_REVOKED_set_revocationDate(entry, moment) == 1, X509_CRL_add0_revoked(list, entry) == 1
        else { throw CredentialsError.openSSL("adding to a revocation list") }
    }
}

extension CertificateAndKey {
    /// Whether the key is that of the certificate: not so when writing the two files was cut short between them.
    package var isPair: Bool {
        guard let certificate = try? X509Certificate(pem: certificatePEM), let key = try? X509Key(pem: privateKeyPEM)
        else { return false }
        let fits = X509_check_private_key(certificate.pointer, key.pointer) == 1
        ERR_clear_error()
        return fits
    }
}
