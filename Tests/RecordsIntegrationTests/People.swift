import AccessControl
import CustomerContracts
import Tenancy
import TestService

/// People beside the admin: a rep of the north and his colleague, who see the north and change their own, a reader to whom something is
/// masked, and one who may do nothing.
struct People: Sendable {
    let admin, rep, colleague, reader, nobody: UserID
    let north: RecordID
    /// Where the admin is, and who has no other place.
    let south: RecordID

    init(_ service: TestService) {
        let sells: [(object: String, action: String, scope: Scope)] = [
            ("account", "read", .unit), ("account", "create", .own), ("account", "update", .own),
            ("account", "delete", .own), ("activity", "*", .all),
        ]
        admin = service.admin
        south = service.home
        north = service.makeDepartment()
        rep = service.makeUser(sells, in: north)
        colleague = service.makeUser(sells, in: north)
        reader = service.makeUser(
            [("account", "read", .all), ("account", "update", .all), ("account", "create", .all)],
            hiding: [("account", "phone", .masked), ("account", "email", .none), ("account", "city", .read)])
        nobody = service.makeUser([])
    }
}

extension TestService {
    func accounts(as user: UserID? = nil, requestID: String? = nil) -> AccountServiceClient {
        AccountServiceClient(channel: channel(as: user, requestID: requestID))
    }
}
