import COpenSSL

/// Encrypts small secrets at rest with AES-256-GCM: backup codes, webhook keys, tokens of other systems.
///
/// Sealed form: format (1 byte, 1) · key id (1 byte) · nonce (12) · ciphertext · tag (16). The associated data binds
/// it to its place, a tenant and column for example, so that it cannot be moved to another row.
package struct Sealer: Sendable {
    /// A key and the number that sealed bytes name it by.
    package struct Key: Sendable {
        /// 0 … 255; never given to another key later.
        package let id: UInt8
        let bytes: [UInt8]

        /// Takes 32 bytes.
        package init(id: UInt8, bytes: [UInt8]) throws(CredentialsError) {
            guard bytes.count == 32 else {
                throw CredentialsError(.invalidInput, "a sealing key has 32 bytes, this one \(bytes.count)")
            }
            self.id = id
            self.bytes = bytes
        }
    }

    static let format: UInt8 = 1
    static let nonceBytes = 12
    static let tagBytes = 16
    /// Bytes that sealing adds.
    package static let overheadBytes = 2 + nonceBytes + tagBytes
    /// Most plain bytes. A random nonce is safe for 2³² messages of this size under one key.
    package static let plainBytesMax = 1 << 20

    private let current: Key
    private let keys: [UInt8: Key]

    /// Seals under `current`; opens under it and the `former` ones, so that keys can be changed.
    package init(current: Key, former: [Key] = []) {
        self.current = current
        self.keys = Dictionary((former + [current]).map { ($0.id, $0) }) { _, last in last }
    }

    /// Encrypts up to ``plainBytesMax`` bytes.
    package func seal(_ plain: [UInt8], associated: [UInt8]) throws(CredentialsError) -> [UInt8] {
        guard plain.count <= Self.plainBytesMax else {
            throw CredentialsError(.invalidInput, "at most \(Self.plainBytesMax) bytes can be sealed")
        }
        let nonce = try RandomToken.make(bytes: Self.nonceBytes)
        var cipher = [UInt8](repeating: 0, count: plain.count + Self.tagBytes)
        guard
            steward_aes256gcm_seal(
                current.bytes, nonce, associated, associated.count, plain, plain.count, &cipher) == 1
        else { throw CredentialsError.openSSL("AES-256-GCM sealing") }
        return [Self.format, current.id] + nonce + cipher
    }

    /// Decrypts. Throws `.cannotOpen` when anything was changed, the associated data differs or the key is not known.
    package func open(_ sealed: [UInt8], associated: [UInt8]) throws(CredentialsError) -> [UInt8] {
        guard sealed.count >= Self.overheadBytes, sealed.count <= Self.plainBytesMax + Self.overheadBytes,
            sealed[0] == Self.format
        else { throw CredentialsError(.cannotOpen, "the sealed bytes are not of a known form") }
        guard let key = keys[sealed[1]] else {
            throw CredentialsError(
                .cannotOpen, "no sealing key with id \(sealed[1]); add it to the former keys")
        }
        let nonce = Array(sealed[2..<2 + Self.nonceBytes])
        let cipher = Array(sealed[(2 + Self.nonceBytes)...])
        var plain = [UInt8](repeating: 0, count: cipher.count - Self.tagBytes)
        let opened = steward_aes256gcm_open(
            key.bytes, nonce, associated, associated.count, cipher, plain.count, &plain)
        guard opened == 1 else {
            ERR_clear_error()
            throw CredentialsError(.cannotOpen, "the sealed bytes were changed or belong elsewhere")
        }
        return plain
    }
}
