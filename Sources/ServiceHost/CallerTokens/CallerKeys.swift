import Credentials
import Settings
import Tenancy

/// The keys that prove callers: identity has those of all audiences, a service its own, the gateway none.
struct CallerKeys: Sendable {
    /// Bytes of a key, written as twice as many hexadecimal digits.
    static let keyBytes = 32

    let all: [ServiceName: MACKey]

    /// Reads keys from their files' texts. Throws `StartError` that names the setting.
    init(_ texts: [ServiceName: Secret]) throws {
        var keys: [ServiceName: MACKey] = [:]
        for (audience, text) in texts {
            guard let bytes = HexText.decode(text.reveal()), bytes.count == Self.keyBytes else {
                throw StartError(
                    "callerKeys.\(audience.rawValue): the file does not hold \(2 * Self.keyBytes) hexadecimal digits; "
                        + "make it with: steward pki init")
            }
            keys[audience] = try MACKey(bytes)
        }
        all = keys
    }

    func key(for audience: ServiceName) throws -> MACKey {
        guard let key = all[audience] else { throw StartError("callerKeys.\(audience.rawValue) is missing") }
        return key
    }

    /// HMAC of a fixed prefix and the purpose. Claims are serialized messages and never begin like this, so a derived key
    /// is never the code of a token.
    func derived(_ purpose: String, for audience: ServiceName) throws -> [UInt8] {
        try key(for: audience).code(for: Array("steward derived key: \(purpose)".utf8))
    }
}
