import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Rights reach as far as the department tree says.
    @Suite(.serialized) struct ScopeJourney {
        private typealias Right = Contracts.Grant

        @Test func aScopeEndsWhereTheDepartmentEnds() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let world = try await Departments(workspace)
            let expected: [(StewardConnection, Set<String>)] = [
                (world.own, ["own"]), (world.unit, ["own", "unit"]), (world.subtree, ["own", "unit", "city"]),
                (workspace.admin, ["own", "unit", "city", "south"]),
            ]
            for (connection, names) in expected {
                let page = try await connection.accounts.listAccounts(ListAccountsRequest(includeCount: true))
                #expect(Set(page.records.compactMap(\.displayName)) == names)
                #expect(page.count?.value == Int64(names.count))
                for (name, id) in world.accounts {
                    let read = GetAccountRequest(id: id)
                    if names.contains(name) {
                        #expect(try await connection.accounts.getAccount(read).record?.displayName == name)
                    } else {
                        let error = try await refusal { try await connection.accounts.getAccount(read) }
                        #expect(error.code == .notFound)
                        let unseen = try await refusal {
                            try await connection.accounts.updateAccount(
                                UpdateAccountRequest(record: Account(id: id, city: "Rome"), updateMask: ["city"]))
                        }
                        #expect(unseen.code == .notFound)
                    }
                }
            }
            // Who may read more than change is told so.
            let readable = try await refusal {
                try await world.unit.accounts.updateAccount(
                    UpdateAccountRequest(
                        record: Account(id: world.accounts["own"], city: "Rome"), updateMask: ["city"]))
            }
            #expect(readable.code == .permissionDenied)
            // Nobody gives a record away beyond the scope of create.
            let given = try await refusal {
                try await world.own.accounts.createAccount(
                    CreateAccountRequest(record: Account(ownerID: workspace.adminUserID, displayName: "gift")))
            }
            #expect(given.code == .permissionDenied)
            #expect(given.reason == "RECORD_OUT_OF_SCOPE")
            // What is out of sight cannot be referred to either.
            let referred = try await refusal {
                try await world.own.deals.createDeal(
                    CreateDealRequest(record: Deal(displayName: "Desk", accountID: world.accounts["south"])))
            }
            #expect(referred.reason == "REFERENCE_NOT_FOUND")
            _ = try await world.own.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Desk", accountID: world.accounts["own"])))
            // A department that moves takes its records along.
            _ = try await workspace.admin.departments.updateDepartment(
                UpdateDepartmentRequest(
                    record: Department(id: world.city, parentDepartmentID: world.south),
                    updateMask: ["parent_department_id"]))
            try await eventually("the city is out of sight", within: .seconds(5)) {
                try await world.subtree.accounts.listAccounts(ListAccountsRequest()).records.count == 2
            }
            await world.close()
            await workspace.close()
        }

        /// North with City below it, and South; a user with each scope in North; an account of each place.
        private struct Departments {
            let own, unit, subtree: StewardConnection
            let city, south: String
            /// Ids of the accounts by name.
            let accounts: [String: String]

            init(_ workspace: TestWorkspace) async throws {
                let admin = workspace.admin
                func department(_ name: String, under parent: String? = nil) async throws -> String {
                    try #require(
                        try await admin.departments.createDepartment(
                            CreateDepartmentRequest(
                                record: Department(displayName: name, parentDepartmentID: parent))
                        ).record?.id)
                }
                let north = try await department("North")
                city = try await department("City", under: north)
                south = try await department("South")
                func user(_ name: String, _ department: String, _ scope: GrantScope) async throws -> StewardConnection {
                    let role = try await admin.roles.createRole(
                        CreateRoleRequest(
                            record: Role(
                                displayName: name,
                                grants: [
                                    Right(object: "account", action: "read", scope: scope),
                                    Right(object: "account", action: "create", scope: .own),
                                    Right(object: "account", action: "update", scope: .own),
                                    Right(object: "deal", action: "create", scope: .own),
                                    // Where a new deal goes tells of stages and of the default pipeline.
                                    Right(object: "stage", action: "read", scope: .all),
                                    Right(object: "pipeline", action: "read", scope: .all),
                                ]))
                    ).record
                    let email = "\(name)@\(workspace.name).example"
                    _ = try await workspace.makeUser(email, roleIDs: [role?.id ?? ""], departmentID: department)
                    return try await workspace.connect(email)
                }
                own = try await user("own", north, .own)
                unit = try await user("unit", north, .unit)
                subtree = try await user("subtree", north, .subtree)
                let others = [try await user("city", city, .own), try await user("south", south, .own)]
                var accounts: [String: String] = [:]
                for (name, connection) in [("own", own), ("unit", unit), ("city", others[0]), ("south", others[1])] {
                    accounts[name] = try await connection.accounts.createAccount(
                        CreateAccountRequest(record: Account(displayName: name))
                    ).record?.id
                }
                for connection in others { await connection.close() }
                self.accounts = accounts
            }

            func close() async { for connection in [own, unit, subtree] { await connection.close() } }
        }
    }
}
