import Credentials
import Testing

@Suite struct MACTests {
    /// RFC 4231, test case 2 has a 4-byte key, shorter than we allow; cases 1 and 6 fit.
    @Test func givesTheCodesOfRFC4231() throws {
        let one = try MAC.hmacSHA256(key: [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8))
        #expect(
            HexText.encode(one) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let six = try MAC.hmacSHA256(
            key: [UInt8](repeating: 0xAA, count: 131),
            Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        #expect(
            HexText.encode(six) == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test func aKeyCanBeUsedAgain() throws {
        let bytes = [UInt8](repeating: 7, count: 32)
        let key = try MACKey(bytes)
        let first = try key.code(for: [1, 2, 3])
        _ = try key.code(for: [])
        #expect(try key.code(for: [1, 2, 3]) == first)
        #expect(try MAC.hmacSHA256(key: bytes, [1, 2, 3]) == first)
    }

    @Test func verifiesWholeAndCutCodes() throws {
        let key = try MACKey([UInt8](repeating: 7, count: 32))
        let code = try key.code(for: [1, 2, 3])
        #expect(try key.verifies(code, for: [1, 2, 3]))
        #expect(try key.verifies(code.prefix(16), for: [1, 2, 3]))
        #expect(try !key.verifies(code.prefix(15), for: [1, 2, 3]))
        #expect(try !key.verifies(code, for: [1, 2, 4]))
        #expect(try !MACKey([UInt8](repeating: 8, count: 32)).verifies(code, for: [1, 2, 3]))
    }

    @Test func refusesAShortKey() {
        #expect(throws: CredentialsError.self) { try MACKey([UInt8](repeating: 1, count: 15)) }
    }

    @Test func comparesWholeValues() {
        #expect(MAC.equal([UInt8](), [UInt8]()))
        #expect(MAC.equal([1, 2], [1, 2]))
        #expect(!MAC.equal([1, 2], [1, 3]))
        #expect(!MAC.equal([1, 2], [0, 2]))
        #expect(!MAC.equal([1, 2], [1, 2, 3]))
    }

    @Test func manyThreadsMayUseOneKey() async throws {
        let key = try MACKey([UInt8](repeating: 7, count: 32))
        let expected = try (0..<50).map { try key.code(for: [UInt8($0)]) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { try (0..<50).allSatisfy { try key.code(for: [UInt8($0)]) == expected[$0] } }
            }
            for try await same in group { #expect(same) }
        }
    }
}
