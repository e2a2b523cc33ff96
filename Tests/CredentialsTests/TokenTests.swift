import Credentials
import Testing

@Suite struct TokenTests {
    @Test func tokensDiffer() throws {
        let tokens = try Set((0..<100).map { _ in try RandomToken.make(bytes: 32) })
        #expect(tokens.count == 100)
        #expect(tokens.allSatisfy { $0.count == 32 })
        #expect(throws: CredentialsError.self) { try RandomToken.make(bytes: 0) }
    }

    @Test func digestsAreSHA256() {
        #expect(
            HexText.encode(TokenDigest.sha256(Array("abc".utf8)))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            HexText.encode(TokenDigest.sha256([]))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func hexGoesBothWays() {
        #expect(HexText.decode("00fFa0") == [0, 255, 160])
        #expect(HexText.encode([0, 255, 160]) == "00ffa0")
        #expect(HexText.decode("0") == nil)
        #expect(HexText.decode("0g") == nil)
        #expect(HexText.decode("") == [])
    }
}
