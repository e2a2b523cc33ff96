import AccessControl
package import Contracts
import RPC
import ServiceHost
package import Tenancy

/// SharingService of the service under test, called as a tenant's user.
extension TestService {
    package var sharing: SharingServiceOf { SharingServiceOf(package: "steward.\(definition.name).v1") }

    /// - Parameter object: as grants name it.
    @discardableResult
    package func share(
        _ object: String, _ id: String?, _ share: RecordShare, as user: UserID? = nil, requestID: String? = nil
    ) async throws -> ShareRecordResponse {
        try await channel(as: user, requestID: requestID).call(
            sharing.shareRecord, ShareRecordRequest(object: object, id: id, share: share), CallOptions())
    }

    @discardableResult
    package func unshare(
        _ object: String, _ id: String?, user: UserID? = nil, department: RecordID? = nil, role: RecordID? = nil,
        as caller: UserID? = nil
    ) async throws -> UnshareRecordResponse {
        try await channel(as: caller).call(
            sharing.unshareRecord,
            UnshareRecordRequest(
                object: object, id: id, userID: user?.id.text, departmentID: department?.text, roleID: role?.text),
            CallOptions())
    }

    package func shares(_ object: String, _ id: String?, as user: UserID? = nil) async throws -> [RecordShare] {
        let answer: ListSharesResponse = try await channel(as: user).call(
            sharing.listShares, ListSharesRequest(object: object, id: id), CallOptions())
        return answer.shares
    }

    /// By action.
    package func explain(
        _ object: String, _ id: String?, of other: UserID? = nil, as user: UserID? = nil
    ) async throws -> [String: ActionAccess] {
        let answer: ExplainAccessResponse = try await channel(as: user).call(
            sharing.explainAccess, ExplainAccessRequest(object: object, id: id, userID: other?.id.text), CallOptions())
        return Dictionary(answer.actions.map { ($0.action ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The role of a user.
    package func role(of user: UserID) -> RecordID? { access(of: user)?.object("").audience.roles.first }
}

extension RecordShare {
    package init(with user: UserID, _ access: ShareAccess = .read, until time: Timestamp? = nil) {
        self.init(userID: user.id.text, access: access, untilTime: time)
    }

    package init(with department: RecordID, includingBelow: Bool? = nil, _ access: ShareAccess = .read) {
        self.init(departmentID: department.text, includeDescendants: includingBelow, access: access)
    }

    package init(withRole role: RecordID?, _ access: ShareAccess = .read) {
        self.init(roleID: role?.text, access: access)
    }
}
