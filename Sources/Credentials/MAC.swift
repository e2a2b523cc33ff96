import COpenSSL
import Synchronization

/// HMAC-SHA256 and comparison in constant time.
package enum MAC {
    /// Bytes of a full code.
    package static let byteCount = 32

    /// The 32-byte code of the bytes under a key of 16 bytes or more. For many codes under one key use ``MACKey``.
    package static func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) throws(CredentialsError) -> [UInt8] {
        try MACKey(key).code(for: bytes)
    }

    /// Whether both are the same. The time depends on the length only, never on where they differ.
    package static func equal(_ one: some Collection<UInt8>, _ other: some Collection<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        var difference: UInt8 = 0
        for (left, right) in zip(one, other) { difference |= left ^ right }
        return difference == 0
    }
}

/// A key for HMAC-SHA256, set up once: a code costs about a microsecond instead of three.
///
/// Safe to use from any thread; codes under one key are computed one after the other.
package final class MACKey: Sendable {
    /// Fewest bytes of a key; fewer would be weaker than the cut code (16 bytes) it makes.
    package static let keyBytesMin = 16

    // SAFETY: the context is touched only inside the mutex, and freed only when nobody holds the key any more.
    private struct Context: @unchecked Sendable { let pointer: OpaquePointer }
    private let context: Mutex<Context>

    /// Sets up a key of at least ``keyBytesMin`` bytes.
    package init(_ key: [UInt8]) throws(CredentialsError) {
        guard key.count >= Self.keyBytesMin else {
            throw CredentialsError(.invalidInput, "a MAC key has at least \(Self.keyBytesMin) bytes")
        }
        guard let context = steward_hmac_sha256_new(key, key.count) else {
            throw CredentialsError.openSSL("HMAC-SHA256 set-up")
        }
        self.context = Mutex(Context(pointer: context))
    }

    deinit { context.withLock { EVP_MAC_CTX_free($0.pointer) } }

    /// The 32-byte code of the bytes.
    package func code(for bytes: [UInt8]) throws(CredentialsError) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: MAC.byteCount)
        let done = context.withLock { context in
            // A null key means: the key given at set-up, from the start.
            EVP_MAC_init(context.pointer, nil, 0, nil) == 1
                && EVP_MAC_update(context.pointer, bytes, bytes.count) == 1
                && EVP_MAC_final(context.pointer, &code, nil, code.count) == 1
        }
        guard done else { throw CredentialsError.openSSL("HMAC-SHA256") }
        return code
    }

    /// Whether `code`, which may be cut to its first 16 to 32 bytes, is the code of the bytes.
    package func verifies(_ code: some Collection<UInt8>, for bytes: [UInt8]) throws(CredentialsError) -> Bool {
        guard (Self.keyBytesMin...MAC.byteCount).contains(code.count) else { return false }
        return MAC.equal(code, try self.code(for: bytes).prefix(code.count))
    }
}
