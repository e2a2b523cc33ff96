/// Why a call failed, for programs. These are the reasons that a client can do something about; proto/README.md lists all of them. A
/// reason is a pattern, so that an error can be switched over:
///
/// ```swift
/// do {
///     try await steward.accounts.updateAccount(request)
/// } catch Reason.versionConflict {
///     // Somebody else changed the same fields: show both, see `RPCError.conflict`.
/// } catch Reason.sessionInvalid {
///     // Sign in again.
/// }
/// ```
public struct Reason: Hashable, Sendable, CustomStringConvertible {
    /// As it travels, as in VERSION_CONFLICT.
    public let name: String

    /// A reason that is not named here.
    public init(_ name: String) {
        self.name = name
    }

    public var description: String { name }

    // MARK: Who calls

    /// There is no session: sign in or attach one.
    public static let sessionRequired = Reason("SESSION_REQUIRED")
    /// The session has ended: renew it or sign in again.
    public static let sessionInvalid = Reason("SESSION_INVALID")
    /// Workspace, e-mail address or password is wrong.
    public static let signInFailed = Reason("SIGN_IN_FAILED")
    /// Too many wrong passwords: wait for `RPCError.retryDelay`.
    public static let signInLocked = Reason("SIGN_IN_LOCKED")
    /// The refresh token is not known, or too old: sign in again.
    public static let refreshTokenInvalid = Reason("REFRESH_TOKEN_INVALID")
    /// The refresh token was used before, perhaps by a thief; all its sessions have ended: sign in again.
    public static let refreshTokenReused = Reason("REFRESH_TOKEN_REUSED")
    /// The password given as the present one is not.
    public static let passwordWrong = Reason("PASSWORD_WRONG")
    /// The workspace has too many calls in flight: wait for `RPCError.retryDelay`.
    public static let tenantCallsLimit = Reason("TENANT_CALLS_LIMIT")

    // MARK: Rights

    /// Only operators may do this: sign in as one.
    public static let operatorRequired = Reason("OPERATOR_REQUIRED")
    /// This is done within a workspace: sign in as a user of one, not as an operator.
    public static let tenantUserRequired = Reason("TENANT_USER_REQUIRED")
    /// No role of the caller allows this.
    public static let permissionMissing = Reason("PERMISSION_MISSING")
    /// The caller may do this with other records only.
    public static let recordOutOfScope = Reason("RECORD_OUT_OF_SCOPE")
    /// The caller may not read the field, so not filter or sort by it.
    public static let fieldNotReadable = Reason("FIELD_NOT_READABLE")
    /// The caller may not write the field.
    public static let fieldNotWritable = Reason("FIELD_NOT_WRITABLE")

    // MARK: Records

    /// There is no such record, or none that the caller may see.
    public static let recordNotFound = Reason("RECORD_NOT_FOUND")
    /// Somebody else changed the same fields since the record was read; see `RPCError.conflict`.
    public static let versionConflict = Reason("VERSION_CONFLICT")
    /// The version sent with an update is not known any more: read the record again.
    public static let versionUnknown = Reason("VERSION_UNKNOWN")
    /// The id chosen for a new record is taken.
    public static let idTaken = Reason("ID_TAKEN")
    /// Another living record has the e-mail address.
    public static let emailTaken = Reason("EMAIL_TAKEN")
    /// Another living record has the external id.
    public static let externalIDTaken = Reason("EXTERNAL_ID_TAKEN")
    /// A field names a record that is not there.
    public static let referenceNotFound = Reason("REFERENCE_NOT_FOUND")
    /// The record lives, so it cannot be restored.
    public static let recordNotDeleted = Reason("RECORD_NOT_DELETED")
    /// The request id was used for another request: use a new one for each intended effect.
    public static let requestIDReused = Reason("REQUEST_ID_REUSED")
    /// The page token is not one of this list: begin with the first page.
    public static let pageTokenInvalid = Reason("PAGE_TOKEN_INVALID")
    /// The answer would be too long: ask for less at once.
    public static let answerTooLong = Reason("ANSWER_TOO_LONG")

    // MARK: The way to the server

    /// No instance can be reached at the moment.
    public static let serverUnreachable = Reason("SERVER_UNREACHABLE")
    /// The connection was lost; whether the call had an effect is not known.
    public static let connectionLost = Reason("CONNECTION_LOST")
    /// A service behind the gateway is away, and nothing was done: `details` names it.
    public static let serviceUnavailable = Reason("SERVICE_UNAVAILABLE")
    /// A service behind the gateway went away during the call; whether the call had an effect is not known.
    public static let serviceInterrupted = Reason("SERVICE_INTERRUPTED")
    /// The server goes down in good order and ended a stream that has no end of its own: open it again.
    public static let draining = Reason("DRAINING")
    /// This client has been closed.
    public static let clientClosed = Reason("CLIENT_CLOSED")
    /// The first connection could not be made: the message says why.
    public static let connectFailed = Reason("CONNECT_FAILED")
    /// The first connection found a gateway whose certificate is not to be trusted: another authority signed it, or it names another
    /// host.
    public static let serverNotTrusted = Reason("SERVER_NOT_TRUSTED")
    /// The time that the caller gave is over.
    public static let deadlineExceeded = Reason("DEADLINE_EXCEEDED")
    /// The caller gave the call up.
    public static let cancelled = Reason("CANCELLED")

    /// Makes a reason a pattern for errors, in `switch` and `catch`.
    public static func ~= (reason: Reason, error: any Error) -> Bool {
        guard let error = error as? RPCError else { return false }
        return error.reason == reason.name
    }
}
