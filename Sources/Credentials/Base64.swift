import COpenSSL

/// Base 64 (RFC 4648, section 4) without padding, as stored password hashes have it.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        // One more: OpenSSL ends the text with a zero.
        let text = [UInt8](unsafeUninitializedCapacity: (bytes.count + 2) / 3 * 4 + 1) { text, count in
            // SAFETY: three bytes become four characters, and there is room for as many and the zero.
            count = Int(EVP_EncodeBlock(text.baseAddress, bytes, Int32(bytes.count)))
        }
        return String(decoding: text.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
    }

    /// Nil for what `encode` does not give for any bytes.
    static func decode(_ text: Substring) -> [UInt8]? {
        let padding = (4 - text.utf8.count % 4) % 4
        let padded = Array(text.utf8) + Array(repeating: UInt8(ascii: "="), count: padding)
        let bytes = [UInt8](unsafeUninitializedCapacity: padded.count / 4 * 3) { bytes, count in
            // SAFETY: four characters become three bytes, and there is room for as many.
            count = max(0, Int(EVP_DecodeBlock(bytes.baseAddress, padded, Int32(padded.count))) - padding)
        }
        return encode(bytes) == text ? bytes : nil
    }
}
