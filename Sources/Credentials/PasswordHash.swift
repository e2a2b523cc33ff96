import CArgon2

/// An argon2id hash in its encoded form, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
///
/// Making and verifying take tens of milliseconds of CPU: call them on a `WorkerPool`, never on an event loop.
package struct PasswordHash: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Longest password in UTF-8 bytes; above it hashing would be a way to burn the server's CPU.
    package static let passwordBytesMax = 1_024
    /// Bytes of random salt, as RFC 9106 recommends.
    static let saltBytes = 16
    /// Bytes of the hash.
    static let hashBytes = 32

    /// The text to store.
    package let encoded: String
    /// What was paid for it.
    package let cost: PasswordCost

    /// Reads a stored hash. Throws `.invalidInput` unless it is argon2id, version 19, within the limits of
    /// ``PasswordCost``.
    package init(encoded: String) throws(CredentialsError) {
        guard let cost = Self.cost(of: encoded), cost.isWithinLimits else {
            throw CredentialsError(
                .invalidInput, "the stored password hash is not an argon2id hash within the limits")
        }
        self.encoded = encoded
        self.cost = cost
    }

    private init(encoded: String, cost: PasswordCost) {
        self.encoded = encoded
        self.cost = cost
    }

    /// Hashes a password of 1 to ``passwordBytesMax`` bytes with fresh salt.
    package static func make(
        _ password: String, cost: PasswordCost = .standard
    ) throws(CredentialsError) -> PasswordHash {
        guard cost.isWithinLimits else {
            throw CredentialsError(.invalidInput, "the password cost is outside its limits")
        }
        let secret = Array(password.utf8)
        guard (1...passwordBytesMax).contains(secret.count) else {
            throw CredentialsError(.invalidInput, "a password has 1 to \(passwordBytesMax) bytes")
        }
        let salt = try RandomToken.make(bytes: saltBytes)
        let capacity = argon2_encodedlen(
            cost.iterations, cost.memoryKiB, cost.lanes, UInt32(saltBytes), UInt32(hashBytes), Argon2_id)
        var encoded = [CChar](repeating: 0, count: capacity)
        let status = argon2id_hash_encoded(
            cost.iterations, cost.memoryKiB, cost.lanes, secret, secret.count, salt, salt.count, hashBytes,
            &encoded, encoded.count)
        guard status == ARGON2_OK.rawValue else {
            throw CredentialsError(
                .library, "argon2id failed: \(String(cString: argon2_error_message(status)))")
        }
        let bytes = encoded.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return PasswordHash(encoded: String(decoding: bytes, as: UTF8.self), cost: cost)
    }

    /// Whether this is the hash of the password. Costs what ``cost`` says, right or wrong.
    package func verify(_ password: String) -> Bool {
        let secret = Array(password.utf8)
        guard secret.count <= Self.passwordBytesMax else { return false }
        return argon2id_verify(encoded, secret, secret.count) == ARGON2_OK.rawValue
    }

    package var description: String { "PasswordHash(•••)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// The parameters in `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, or nil when it is not of this form.
    private static func cost(of encoded: String) -> PasswordCost? {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else {
            return nil
        }
        let numbers = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        guard numbers.count == 3, let memory = number(numbers[0], "m="),
            let iterations = number(numbers[1], "t="), let lanes = number(numbers[2], "p=")
        else { return nil }
        return PasswordCost(memoryKiB: memory, iterations: iterations, lanes: lanes)
    }

    private static func number(_ text: Substring, _ prefix: String) -> UInt32? {
        text.hasPrefix(prefix) ? UInt32(text.dropFirst(prefix.count)) : nil
    }
}
