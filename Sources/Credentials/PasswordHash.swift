import CArgon2
import COpenSSL

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
    /// Of a stored hash. Argon2 takes no shorter salt, and a short hash is that of too many passwords.
    private static let saltBytesAllowed = 8...64
    private static let hashBytesAllowed = 16...64

    /// The text to store.
    package let encoded: String
    /// What was paid for it.
    package let cost: PasswordCost
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Reads a stored hash. Throws `.invalidInput` unless it is argon2id, version 19, within the limits of
    /// ``PasswordCost``.
    package init(encoded: String) throws(CredentialsError) {
        guard let parts = Self.parts(of: encoded), parts.cost.isWithinLimits else {
            throw CredentialsError(
                .invalidInput, "the stored password hash is not an argon2id hash within the limits")
        }
        self.encoded = encoded
        (cost, salt, hash) = parts
    }

    private init(cost: PasswordCost, salt: [UInt8], hash: [UInt8]) {
        let numbers = "m=\(cost.memoryKiB),t=\(cost.iterations),p=\(cost.lanes)"
        encoded = "$argon2id$v=19$\(numbers)$\(Base64.encode(salt))$\(Base64.encode(hash))"
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Hashes a password of 1 to ``passwordBytesMax`` bytes with fresh salt.
    package static func make(
        _ password: String, cost: PasswordCost = .standard
    ) throws(CredentialsError) -> PasswordHash {
        guard cost.isWithinLimits else {
            throw CredentialsError(.invalidInput, "the password cost is outside its limits")
        }
        guard (1...passwordBytesMax).contains(password.utf8.count) else {
            throw CredentialsError(.invalidInput, "a password has 1 to \(passwordBytesMax) bytes")
        }
        let salt = try RandomToken.make(bytes: saltBytes)
        return PasswordHash(
            cost: cost, salt: salt, hash: try compute(password, cost: cost, salt: salt, count: hashBytes))
    }

    /// Whether this is the hash of the password. Costs what ``cost`` says, right or wrong.
    ///
    /// - Throws: `.library` when there is no memory for it.
    package func verify(_ password: String) throws(CredentialsError) -> Bool {
        guard password.utf8.count <= Self.passwordBytesMax else { return false }
        let computed = try Self.compute(password, cost: cost, salt: salt, count: hash.count)
        return CRYPTO_memcmp(computed, hash, hash.count) == 0
    }

    private static func compute(
        _ password: String, cost: PasswordCost, salt: [UInt8], count: Int
    ) throws(CredentialsError) -> [UInt8] {
        // Wiped by argon2.
        var secret = Array(password.utf8)
        var hash = [UInt8](repeating: 0, count: count)
        // SAFETY: the blocks are given for the number of bytes that argon2 names, which is also what it gives back.
        let status = steward_argon2id(
            cost.memoryKiB, cost.iterations, cost.lanes, &secret, UInt32(secret.count), salt, UInt32(salt.count),
            &hash, UInt32(count),
            { start, bytes in
                let block = PasswordMemory.standard.take(bytes: bytes)
                start?.pointee = block?.assumingMemoryBound(to: UInt8.self)
                return block == nil ? ARGON2_MEMORY_ALLOCATION_ERROR.rawValue : ARGON2_OK.rawValue
            },
            { start, bytes in
                if let start { PasswordMemory.standard.giveBack(start, bytes: bytes) }
            })
        guard status == ARGON2_OK.rawValue else {
            throw CredentialsError(
                .library, "argon2id failed: \(String(cString: argon2_error_message(status)))")
        }
        return hash
    }

    package var description: String { "PasswordHash(•••)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }

    /// What is in `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, or nil when it is not of this form.
    private static func parts(of encoded: String) -> (cost: PasswordCost, salt: [UInt8], hash: [UInt8])? {
        let parts = encoded.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else {
            return nil
        }
        let numbers = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        guard numbers.count == 3, let memory = number(numbers[0], "m="),
            let iterations = number(numbers[1], "t="), let lanes = number(numbers[2], "p="),
            let salt = Base64.decode(parts[4]), let hash = Base64.decode(parts[5]),
            saltBytesAllowed.contains(salt.count), hashBytesAllowed.contains(hash.count)
        else { return nil }
        return (PasswordCost(memoryKiB: memory, iterations: iterations, lanes: lanes), salt, hash)
    }

    private static func number(_ text: Substring, _ prefix: String) -> UInt32? {
        text.hasPrefix(prefix) ? UInt32(text.dropFirst(prefix.count)) : nil
    }
}
