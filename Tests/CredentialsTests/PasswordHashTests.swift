import Testing

@testable import Credentials

@Suite struct PasswordHashTests {
    /// Cheap enough to hash often in a test.
    private let cheap = PasswordCost(memoryKiB: 64, iterations: 1, lanes: 1)

    @Test func verifiesItsPasswordOnly() throws {
        let hash = try PasswordHash.make("correct horse", cost: cheap)
        #expect(hash.encoded.hasPrefix("$argon2id$v=19$m=64,t=1,p=1$"))
        #expect(try hash.verify("correct horse"))
        #expect(try !hash.verify("correct horsf"))
        #expect(try !hash.verify(""))
    }

    @Test func saltsEachHash() throws {
        #expect(
            try PasswordHash.make("a", cost: cheap).encoded != PasswordHash.make("a", cost: cheap).encoded)
    }

    @Test func readsAHashThatTheReferenceProgramMade() throws {
        // From the argon2 command line: echo -n "password" | argon2 somesalt -id -t 2 -m 16 -p 1
        let stored = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
        let hash = try PasswordHash(encoded: stored)
        #expect(hash.cost == PasswordCost(memoryKiB: 65_536, iterations: 2, lanes: 1))
        #expect(try hash.verify("password"))
    }

    @Test func writesWhatItReads() throws {
        let made = try PasswordHash.make("password", cost: cheap)
        let read = try PasswordHash(encoded: made.encoded)
        #expect(read == made)
        #expect(made.encoded.count == "$argon2id$v=19$m=64,t=1,p=1$".count + 22 + 1 + 43)
    }

    @Test(arguments: [
        "", "plain", "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=4000000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXP",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ=$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHR$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$c29 ZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=64,t=1,p=1$$",
    ])
    func refusesWhatIsNoHashWithinTheLimits(_ stored: String) {
        #expect(throws: CredentialsError.self) { try PasswordHash(encoded: stored) }
    }

    @Test func boundsThePassword() throws {
        let longest = String(repeating: "x", count: PasswordHash.passwordBytesMax)
        #expect(try PasswordHash.make(longest, cost: cheap).verify(longest))
        #expect(throws: CredentialsError.self) { try PasswordHash.make(longest + "x", cost: cheap) }
        #expect(throws: CredentialsError.self) { try PasswordHash.make("", cost: cheap) }
        #expect(try !PasswordHash.make("a", cost: cheap).verify(longest + "x"))
    }

    @Test func doesNotPrint() throws {
        let hash = try PasswordHash.make("a", cost: cheap)
        var dumped = ""
        dump(hash, to: &dumped)
        #expect(!"\(hash) \(dumped)".contains("argon2id"))
    }
}
