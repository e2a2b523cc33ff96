import COpenSSL
import Glibc

/// Owns an `EVP_PKEY`.
final class X509Key {
    // SAFETY: made by the initialisers, freed once in deinit, never handed out beyond this file's calls.
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { EVP_PKEY_free(pointer) }

    static func make() throws(CredentialsError) -> X509Key {
        guard let key = steward_p256_key_new() else { throw CredentialsError.openSSL("making a P-256 key") }
        return X509Key(key)
    }

    convenience init(pem: String) throws(CredentialsError) {
        let key = MemoryBIO.reading(pem) { PEM_read_bio_PrivateKey($0, nil, nil, nil) }
        guard let key else { throw CredentialsError.openSSL("reading a private key") }
        self.init(key)
    }

    func pem() throws(CredentialsError) -> String {
        let text = MemoryBIO.writing {
            PEM_write_bio_PKCS8PrivateKey($0, pointer, nil, nil, 0, nil, nil) == 1
        }
        guard let text else { throw CredentialsError.openSSL("writing a private key") }
        return text
    }
}

/// Owns an `X509`.
final class X509Certificate {
    // SAFETY: made by the initialisers, freed once in deinit, never handed out beyond this module's calls.
    let pointer: OpaquePointer

    private init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { X509_free(pointer) }

    convenience init(pem: String) throws(CredentialsError) {
        let certificate = MemoryBIO.reading(pem) { PEM_read_bio_X509($0, nil, nil, nil) }
        guard let certificate else { throw CredentialsError.openSSL("reading a certificate") }
        self.init(certificate)
    }

    /// Version 3, a random serial number of 127 bits, and everything but issuer, extensions and signature.
    static func make(commonName: String, days: Int, key: X509Key) throws(CredentialsError) -> X509Certificate {
        guard let pointer = X509_new() else { throw CredentialsError.openSSL("making a certificate") }
        let certificate = X509Certificate(pointer)
        guard (1...64).contains(commonName.count), !commonName.utf8.contains(0) else {
            throw CredentialsError(.invalidInput, "a common name has 1 to 64 characters")
        }
        let name = Array(commonName.utf8)
        guard X509_set_version(pointer, 2) == 1, try certificate.setSerial(),
            X509_gmtime_adj(X509_getm_notBefore(pointer), -Int(Certificates.backdateSeconds)) != nil,
            X509_gmtime_adj(X509_getm_notAfter(pointer), days * 86_400) != nil,
            X509_set_pubkey(pointer, key.pointer) == 1,
            X509_NAME_add_entry_by_txt(
                X509_get_subject_name(pointer), "CN", MBSTRING_UTF8, name, Int32(name.count), -1, 0) == 1
        else { throw CredentialsError.openSSL("filling in a certificate") }
        return certificate
    }

    private func setSerial() throws(CredentialsError) -> Bool {
        var bytes = try RandomToken.make(bytes: 16)
        bytes[0] &= 0x7F
        guard let number = BN_bin2bn(bytes, Int32(bytes.count), nil) else { return false }
        defer { BN_free(number) }
        return BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil
    }

    func setIssuer(_ issuer: X509Certificate) throws(CredentialsError) {
        guard X509_set_issuer_name(pointer, X509_get_subject_name(issuer.pointer)) == 1 else {
            throw CredentialsError.openSSL("naming the issuer")
        }
    }

    func add(_ nid: Int32, _ value: String, issuer: X509Certificate) throws(CredentialsError) {
        guard steward_x509_add_extension(pointer, issuer.pointer, nid, value) == 1 else {
            throw CredentialsError.openSSL("adding the extension \(value)")
        }
    }

    func sign(with key: X509Key) throws(CredentialsError) {
        guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else {
            throw CredentialsError.openSSL("signing a certificate")
        }
    }

    func pem() throws(CredentialsError) -> String {
        guard let text = MemoryBIO.writing({ PEM_write_bio_X509($0, pointer) == 1 }) else {
            throw CredentialsError.openSSL("writing a certificate")
        }
        return text
    }
}

/// OpenSSL's file interface over text in memory.
enum MemoryBIO {
    static func reading<T>(_ text: String, _ body: (OpaquePointer) -> T?) -> T? {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { bytes in
            guard let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { BIO_free(bio) }
            return body(bio)
        }
    }

    static func writing(_ body: (OpaquePointer) -> Bool) -> String? {
        guard let bio = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(bio) }
        guard body(bio) else { return nil }
        var start: UnsafePointer<CChar>?
        let count = steward_bio_bytes(bio, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }
}
