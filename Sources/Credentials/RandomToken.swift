import COpenSSL

/// Bytes that nobody can guess, from libcrypto's generator.
package enum RandomToken {
    /// Most bytes at once; tokens are 16 to 64.
    static let bytesMax = 4_096

    /// `bytes` (1 … 4,096) random bytes.
    package static func make(bytes count: Int = 32) throws(CredentialsError) -> [UInt8] {
        guard (1...bytesMax).contains(count) else {
            throw CredentialsError(.invalidInput, "a token has 1 to \(bytesMax) bytes")
        }
        var token = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&token, Int32(count)) == 1 else { throw CredentialsError.openSSL("RAND_bytes") }
        return token
    }

    /// The same as lower-case hexadecimal text, twice as many characters.
    package static func hexText(bytes count: Int = 32) throws(CredentialsError) -> String {
        HexText.encode(try make(bytes: count))
    }
}

/// Lower-case hexadecimal text, for key files, fingerprints and digests in logs.
package enum HexText {
    /// Two characters for each byte.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes, or nil when the text has an odd length or another character than 0-9, a-f, A-F.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = text.utf8.map { value(of: $0) }
        guard digits.count.isMultiple(of: 2), !digits.contains(nil) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0]! << 4 | digits[$0 + 1]! }
    }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
