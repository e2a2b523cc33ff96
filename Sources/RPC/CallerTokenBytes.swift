/// A steward.rpc.v1.CallerToken as it travels: minted by identity, carried by the gateway and the services.
package struct CallerTokenBytes: Sendable, Hashable {
    /// The serialized CallerToken.
    package let encoded: [UInt8]

    package init(encoded: [UInt8]) {
        self.encoded = encoded
    }

    /// The end of a token, with its codes, tells tokens apart as well as all of it does.
    package func hash(into hasher: inout Hasher) {
        encoded.withUnsafeBytes { hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0.suffix(Self.hashedBytes))) }
    }

    private static let hashedBytes = 16

    /// The authentication code of one audience.
    package struct Code: Sendable, Hashable {
        /// identity, customer or sales.
        package let audience: String
        /// 16 bytes.
        package let mac: [UInt8]
    }

    /// Takes the token apart: the serialized CallerClaims and the code of each audience; nil when malformed.
    package func parts() -> (claims: [UInt8], macs: [Code])? {
        encoded.withUnsafeBytes { bytes in
            var claims: [UInt8] = []
            var macs: [Code] = []
            var reader = ProtoReader(bytes)
            do throws(EnvelopeError) {
                while let field = try reader.next() {
                    switch field {
                    case (1, .bytes(let value)): claims = Array(value)
                    case (2, .bytes(let value)): macs.append(try Self.code(value))
                    default: break
                    }
                }
            } catch { return nil }
            return (claims, macs)
        }
    }

    private static func code(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) -> Code {
        var audience = ""
        var mac: [UInt8] = []
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .bytes(let value)): audience = String(decoding: value, as: UTF8.self)
            case (2, .bytes(let value)): mac = Array(value)
            default: break
            }
        }
        return Code(audience: audience, mac: mac)
    }
}
