/// The id of a tenant: one customer of the installation, with a workspace of its own.
public struct TenantID: Hashable, Comparable, Sendable {
    package let id: RecordID

    package init(_ id: RecordID) {
        self.id = id
    }

    /// Reads the hyphenated form of 36 characters; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard let id = RecordID(text) else { return nil }
        self.id = id
    }

    public static func < (left: TenantID, right: TenantID) -> Bool { left.id < right.id }
}

extension TenantID: CustomStringConvertible {
    public var description: String { id.text }
}

/// The id of a user of a tenant, or of an operator of the installation.
public struct UserID: Hashable, Comparable, Sendable {
    package let id: RecordID

    package init(_ id: RecordID) {
        self.id = id
    }

    /// Reads the hyphenated form of 36 characters; nil for anything else.
    package init?(_ text: some StringProtocol) {
        guard let id = RecordID(text) else { return nil }
        self.id = id
    }

    public static func < (left: UserID, right: UserID) -> Bool { left.id < right.id }
}

extension UserID {
    /// No user has this id: that of who calls where no user does.
    package static let nobody = UserID(RecordID(high: 0, low: 0))
}

extension UserID: CustomStringConvertible {
    public var description: String { id.text }
}
