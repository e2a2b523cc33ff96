import IdentityContracts
import Postgres
import RPC
import Tenancy

extension AuthenticationMethods {
    func signOut(_ request: SignOutRequest, _ context: CallContext) async throws -> SignOutResponse {
        let caller = try context.requireCaller()
        if let family = try await family(of: caller, context) {
            try await revoker.revoke(family: family, of: caller.sessionOwner, deadline: context.deadline)
        }
        return SignOutResponse()
    }

    /// The family of the caller's session; nil when the session is no more.
    func family(of caller: Caller, _ context: CallContext) async throws -> RecordID? {
        guard let session = caller.sessionID else { return nil }
        let rows = try await directory.read(
            SessionTable.family(ofSession: session, of: caller.sessionOwner),
            deadline: context.deadline)
        return try rows.first?.id(0)
    }
}
