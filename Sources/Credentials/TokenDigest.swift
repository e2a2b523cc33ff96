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
        [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
            // SAFETY: SHA256 reads `bytes.count` bytes and writes 32; both buffers are that long. An empty input has
            // no address, for which any non-null one stands in because nothing is read.
            let empty: UInt8 = 0
            withUnsafePointer(to: empty) { placeholder in
                let data = bytes.baseAddress ?? UnsafeRawPointer(placeholder)
                SHA256(data.assumingMemoryBound(to: UInt8.self), bytes.count, digest.baseAddress)
            }
            count = byteCount
        }
    }
}
