/// Who reads and writes: a user, or a program.
package enum Actor: Hashable, Sendable {
    /// A user who calls.
    case user(UserID)
    /// A program by itself, for a user or, without one, for the workspace itself.
    case program(Purpose, onBehalfOf: UserID?)

    /// Whose rights count; nil for a program that works for the workspace itself.
    package var userID: UserID? {
        switch self {
        case .user(let user): user
        case .program(_, let user): user
        }
    }
}

/// An actor in a workspace: the tenant of all that is read and written comes from here.
package struct TenantActor: Hashable, Sendable {
    package let tenantID: TenantID
    package let actor: Actor

    /// Nil for an operator, who belongs to no tenant. A program that calls for a user has his rights.
    package init?(_ caller: Caller) {
        guard let tenant = caller.tenantID else { return nil }
        tenantID = tenant
        switch caller.kind {
        case .operator: return nil
        case .user: actor = .user(caller.userID)
        case .program(let purpose): actor = .program(purpose, onBehalfOf: caller.userID)
        case .service(let purpose): actor = .program(purpose, onBehalfOf: nil)
        }
    }

    /// Another user of the actor's workspace: to tell what he may do, never to do it.
    package func asking(for user: UserID) -> TenantActor { TenantActor(tenantID: tenantID, actor: .user(user)) }

    private init(tenantID: TenantID, actor: Actor) { (self.tenantID, self.actor) = (tenantID, actor) }

    /// A program in a workspace. Never made of what somebody sent: the places that make one are listed (ActorTests).
    ///
    /// - Parameter user: whose rights it has; nil for those that the purpose needs.
    package init(_ tenant: TenantID, purpose: Purpose, onBehalfOf user: UserID?) {
        (tenantID, actor) = (tenant, .program(purpose, onBehalfOf: user))
    }

    /// Whose rights count; nil for a program that works for the workspace itself.
    package var userID: UserID? { actor.userID }
}
