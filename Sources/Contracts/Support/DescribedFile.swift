/// A proto file as the generator saw it.
package struct DescribedFile: Sendable {
    /// As in steward/customer/v1/account_service.proto.
    let path: String
    let package: String
    /// Paths of the files that it imports.
    let dependencies: [String]
    /// A serialized google.protobuf.FileDescriptorProto with source comments.
    let base64: StaticString

    package init(path: String, package: String, dependencies: [String], base64: StaticString) {
        self.path = path
        self.package = package
        self.dependencies = dependencies
        self.base64 = base64
    }
}

extension ContractCatalogue {
    /// The packages that have files.
    package var packages: Set<String> { Set(files.map(\.package)) }

    /// A serialized google.protobuf.FileDescriptorSet of the package's files and everything that they import,
    /// dependencies first, with source comments. Nil for an unknown package.
    package func descriptorSet(of package: String) -> [UInt8]? {
        var open = files.filter { $0.package == package }.map(\.path)
        guard !open.isEmpty else { return nil }
        var needed: Set<String> = []
        while let path = open.popLast() {
            guard needed.insert(path).inserted else { continue }
            open += files.first { $0.path == path }?.dependencies ?? []
        }
        return files.filter { needed.contains($0.path) }.reduce(into: []) { set, file in
            let bytes = Base64Text.decode(file.base64)
            set.append(0x0A)  // Field 1, length-prefixed.
            ContractCatalogue.appendLength(bytes.count, to: &set)
            set += bytes
        }
    }

    private static func appendLength(_ length: Int, to bytes: inout [UInt8]) {
        var rest = length
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// Base64 (RFC 4648) as the generator writes it.
enum Base64Text {
    static func decode(_ text: StaticString) -> [UInt8] {
        text.withUTF8Buffer { characters in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(characters.count / 4 * 3)
            var bits: UInt32 = 0
            var bitCount = 0
            for character in characters {
                guard let value = value(character) else { break }
                bits = bits << 6 | value
                bitCount += 6
                if bitCount >= 8 {
                    bitCount -= 8
                    bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
                }
            }
            return bytes
        }
    }

    /// Nil for the padding at the end.
    private static func value(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
