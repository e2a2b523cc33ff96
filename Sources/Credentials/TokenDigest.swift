import COpenSSL

/// SHA-256: what is stored of a token instead of the token, and the fingerprint of files and requests.
package enum TokenDigest {
    /// Bytes of a digest.
    package static let byteCount = 32

    /// The 32-byte digest of the bytes.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { sha256($0) }
    }

    /// The 32-byte digest of the bytes.
    package static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        sha256(of: CollectionOfOne(bytes))
    }

    /// The 32-byte digest of the parts one after the other.
    package static func sha256(of parts: some Sequence<UnsafeRawBufferPointer>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
            guard let state = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
            defer { EVP_MD_CTX_free(state) }
            // SAFETY: `algorithm` lives as long as the process, and the digest has room for its 32 bytes.
            var isDone = EVP_DigestInit_ex2(state, algorithm, nil) == 1
            for part in parts where isDone && !part.isEmpty {
                isDone = EVP_DigestUpdate(state, part.baseAddress, part.count) == 1
            }
            precondition(isDone && EVP_DigestFinal_ex(state, digest.baseAddress, nil) == 1, "SHA-256 cannot fail")
            count = byteCount
        }
    }

    /// Looked up once; OpenSSL would look for it anew with each digest.
    // SAFETY: a fetched algorithm is never changed, and any number of threads may begin digests with it (EVP_MD_fetch).
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHA256", nil) else { preconditionFailure("OpenSSL has no SHA-256") }
        return algorithm
    }()
}
