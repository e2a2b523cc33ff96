package import Tenancy

/// With whom or what a record is shared.
package enum ShareSubject: Hashable, Sendable {
    case user(UserID)
    /// The members of a department, and of those below it or not.
    case unit(RecordID, includingBelow: Bool)
    case role(RecordID)

    /// The id of the user, department or role: what a record is shared with once.
    package var id: RecordID {
        switch self {
        case .user(let user): user.id
        case .unit(let unit, _): unit
        case .role(let role): role
        }
    }
}

/// What a share is to be good for.
package enum ShareUse: Hashable, Sendable {
    case reading, writing
}

/// Lets others at a record than those whose scopes cover it.
package struct Share: Hashable, Sendable {
    package let subject: ShareSubject
    /// It is good for writing, too.
    package let allowsWriting: Bool
    /// When it ends; nil for never.
    package let end: Timestamp?

    package init(_ subject: ShareSubject, allowsWriting: Bool, end: Timestamp?) {
        (self.subject, self.allowsWriting, self.end) = (subject, allowsWriting, end)
    }

    package func allows(_ use: ShareUse) -> Bool { use == .reading || allowsWriting }

    package func holds(at moment: Timestamp) -> Bool { end.map { $0 > moment } ?? true }
}

/// What a user is, as far as records are shared with it.
package struct Audience: Hashable, Sendable {
    package let user: UserID
    /// The user's department.
    package let unit: RecordID?
    /// The user's department and those above it: what is shared with a department and those below it is shared with these.
    package let units: [RecordID]
    package let roles: [RecordID]

    package init(user: UserID, unit: RecordID?, units: [RecordID], roles: [RecordID]) {
        (self.user, self.unit, self.units, self.roles) = (user, unit, units, roles)
    }

    package func includes(_ subject: ShareSubject) -> Bool {
        switch subject {
        case .user(let user): user == self.user
        case .unit(let unit, let includesBelow): unit == self.unit || includesBelow && units.contains(unit)
        case .role(let role): roles.contains(role)
        }
    }
}
