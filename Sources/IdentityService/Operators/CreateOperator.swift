import Credentials
import Postgres
import RPC
package import Reactor
import Records
package import Tenancy
package import TenantDatabase
import Text

/// Makes an operator directly in the directory, for `steward operator create`: the first one cannot be made by calling
/// identity, since only operators may call it. Call it from a task on an event loop of `database`'s program, with the
/// connection text of identity's login (or the owner's).
///
/// - Returns: the new operator; nil when an operator has the address already.
/// - Throws: INVALID_ARGUMENT naming what is wrong with address, name or password; the database's errors.
package func createOperator(
    email: String, displayName: String, password: String, in database: DirectoryDatabase, workers: WorkerPool
) async throws -> UserID? {
    let displayName = TextForm.normalized(displayName)
    let password = Password(password)
    let names = PasswordNames(email: SignInName.normalized(email), displayName: displayName)
    let violations = [
        EmailAddress.violation(of: email, field: "email"),
        TextRule.displayName.violation(ofRequired: displayName, field: "display_name"),
        PasswordRules.violation(of: password, names, field: "password"),
    ].compactMap(\.self)
    guard violations.isEmpty, let address = EmailAddress(email) else {
        throw RPCError.invalidArgument(violations, domain: IdentityError.domain)
    }
    let hash = try await workers.run { try PasswordHash.make(password.text).encoded }
    let id = UserID(.make())
    let rows = try await Directory(database: database).write(
        OperatorTable.insert(id, email: address, displayName: displayName, passwordHash: hash, now: .now()),
        deadline: .after(.seconds(10)))
    return rows[0].first == nil ? nil : id
}
