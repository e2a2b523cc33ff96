import Contracts
import Credentials
import IdentityContracts
import Tenancy
import Testing

@testable import IdentityService

struct SealedSuccessorTests {
    private func session() throws -> IssuedSession {
        IssuedSession(
            handle: try RandomToken.make(), expireTime: Timestamp(microseconds: 1),
            refreshToken: try RandomToken.make(),
            refreshExpireTime: Timestamp(microseconds: 2), userID: UserID(.make()), family: .make())
    }

    @Test func opensUnderTheTokenThatItReplaces() throws {
        let token = try RandomToken.make()
        let session = try session()
        let opened = try SealedSuccessor.open(try SealedSuccessor.seal(session, under: token), under: token)
        #expect(opened.sessionHandle == session.handle)
        #expect(opened.refreshToken == session.refreshToken)
    }

    @Test func staysClosedUnderAnother() throws {
        let sealed = try SealedSuccessor.seal(try session(), under: try RandomToken.make())
        #expect(throws: CredentialsError.self) {
            try SealedSuccessor.open(sealed, under: try RandomToken.make())
        }
    }
}
