import Contracts
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// What an admin takes from a role is gone everywhere, and soon.
    @Suite(.serialized) struct FieldPolicyJourney {
        private typealias Right = Contracts.Grant

        /// A role in which `phone` is hidden, `email` masked and `annual_revenue` only read.
        private func makeRestrictedRole(_ workspace: TestWorkspace) async throws -> Role {
            try #require(
                try await workspace.admin.roles.createRole(
                    CreateRoleRequest(
                        role: Role(
                            displayName: "Restricted",
                            grants: [
                                Right(object: "account", action: "read", scope: .all),
                                Right(object: "account", action: "update", scope: .all),
                            ],
                            fieldPolicies: [
                                Contracts.FieldPolicy(object: "account", field: "phone", access: FieldAccess.none),
                                Contracts.FieldPolicy(object: "account", field: "email", access: .masked),
                                Contracts.FieldPolicy(object: "account", field: "annual_revenue", access: .read),
                            ]))
                ).role)
        }

        private func makeAccount(_ connection: StewardConnection, _ name: String) async throws -> Account {
            try #require(
                try await connection.accounts.createAccount(
                    CreateAccountRequest(
                        account: Account(
                            displayName: name, phone: "+49 30 1234567", email: "info@\(name).example",
                            annualRevenue: Money(currencyCode: "EUR", minorUnits: 100)))
                ).account)
        }

        @Test func aHiddenFieldIsGoneFromEveryAnswer() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await makeAccount(workspace.admin, "acme")
            let role = try await makeRestrictedRole(workspace)
            _ = try await workspace.makeUser(
                "intern@\(workspace.name).example", roleIDs: [try #require(role.id)])
            let intern = try await workspace.connect("intern@\(workspace.name).example")

            let got = try await intern.accounts.getAccount(GetAccountRequest(id: account.id)).account
            let masked = try await intern.accounts.getAccount(
                GetAccountRequest(id: account.id, readMask: ["phone", "email"])
            ).account
            let batch = try await intern.accounts.batchGetAccounts(BatchGetAccountsRequest(ids: [account.id ?? ""]))
            let listed = try await intern.accounts.listAccounts(ListAccountsRequest())
            let updated = try await intern.accounts.updateAccount(
                UpdateAccountRequest(account: Account(id: account.id, city: "Berlin"), updateMask: ["city"])
            ).account
            let answers = [got, masked, batch.accounts.first, listed.accounts.first, updated]
            for answer in answers {
                #expect(answer?.id == account.id)
                #expect(answer?.phone == nil)
                #expect(answer?.email == "•••@acme.example")
            }
            #expect(got?.annualRevenue?.minorUnits == 100)
            #expect(updated?.city == "Berlin")
            // Others see what they saw.
            let seen = try await workspace.admin.accounts.getAccount(GetAccountRequest(id: account.id)).account
            #expect(seen?.phone == account.phone)
            #expect(seen?.email == "info@acme.example")
            await intern.close()
            await workspace.close()
        }

        @Test func aHiddenFieldCannotBeGuessedOrChanged() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await makeAccount(workspace.admin, "acme")
            let role = try await makeRestrictedRole(workspace)
            _ = try await workspace.makeUser(
                "intern@\(workspace.name).example", roleIDs: [try #require(role.id)])
            let intern = try await workspace.connect("intern@\(workspace.name).example")
            let lists = [
                ListAccountsRequest(filterExpression: "phone is set"),
                ListAccountsRequest(filterExpression: "not (phone ^= \"+49\")", includeCount: true),
                ListAccountsRequest(filterExpression: "city is set or email = \"info@acme.example\""),
                ListAccountsRequest(
                    filter: Filter(
                        compare: Comparison(
                            field: "phone", operator: .startsWith, values: [Value(stringValue: "+49")]))),
                ListAccountsRequest(orderBy: ["phone"]),
                ListAccountsRequest(orderBy: ["display_name", "email desc"]),
            ]
            for list in lists {
                let error = try await refusal { try await intern.accounts.listAccounts(list) }
                #expect(error.code == .permissionDenied)
                #expect(error.reason == "FIELD_NOT_READABLE")
                #expect(error.details.contains { $0.key == "field" && ["phone", "email"].contains($0.value) })
            }
            let filtered = try await intern.accounts.listAccounts(
                ListAccountsRequest(
                    filterExpression: "annual_revenue.minor_units >= 100", orderBy: ["annual_revenue.minor_units"],
                    includeCount: true))
            #expect(filtered.count?.value == 1)
            let changes = [
                ("phone", Account(id: account.id, phone: "+49 30 7654321")),
                ("email", Account(id: account.id, email: "new@acme.example")),
                ("annual_revenue", Account(id: account.id, annualRevenue: Money(currencyCode: "EUR", minorUnits: 1))),
            ]
            for (field, change) in changes {
                let error = try await refusal {
                    try await intern.accounts.updateAccount(UpdateAccountRequest(account: change, updateMask: [field]))
                }
                #expect(error.code == .permissionDenied)
                #expect(error.reason == "FIELD_NOT_WRITABLE")
                #expect(error.details.contains { $0.key == "field" && $0.value == field })
            }
            #expect(try await workspace.admin.accounts.getAccount(GetAccountRequest(id: account.id)).account == account)
            await intern.close()
            await workspace.close()
        }

        @Test func whatIsTakenIsGoneWithinFiveSeconds() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try await makeAccount(workspace.admin, "acme")
            let (user, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Reader"])
            #expect(try await rep.accounts.getAccount(GetAccountRequest(id: account.id)).account?.phone != nil)

            var role = try #require(
                try await workspace.admin.roles.getRole(GetRoleRequest(id: try await workspace.roleID("Reader"))).role)
            role.fieldPolicies = [Contracts.FieldPolicy(object: "account", field: "phone", access: FieldAccess.none)]
            _ = try await workspace.admin.roles.updateRole(
                UpdateRoleRequest(role: role, updateMask: ["field_policies"]))
            try await eventually("the field is hidden", within: .seconds(5)) {
                try await rep.accounts.getAccount(GetAccountRequest(id: account.id)).account?.phone == nil
            }
            _ = try await workspace.admin.users.updateUser(
                UpdateUserRequest(user: User(id: user.id), updateMask: ["role_ids"]))
            try await eventually("the right is gone", within: .seconds(5)) {
                do {
                    _ = try await rep.accounts.listAccounts(ListAccountsRequest())
                    return false
                } catch let error as RPCError where error.reason == "PERMISSION_MISSING" {
                    return error.code == .permissionDenied
                }
            }
            _ = try await workspace.admin.users.updateUser(
                UpdateUserRequest(user: User(id: user.id, disabled: true), updateMask: ["disabled"]))
            try await eventually("the session ends", within: .seconds(5)) {
                do {
                    _ = try await rep.authentication.getSelf(GetSelfRequest())
                    return false
                } catch let error as RPCError where error.code == .unauthenticated {
                    return error.reason == "SESSION_INVALID"
                }
            }
            let signIn = try await refusal { try await workspace.connect("rep@\(workspace.name).example") }
            #expect(signIn.reason == "SIGN_IN_FAILED")
            await rep.close()
            await workspace.close()
        }

        @Test func aScopeEndsWhereTheDepartmentEnds() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let world = try await Departments(workspace)
            let expected: [(StewardConnection, Set<String>)] = [
                (world.own, ["own"]), (world.unit, ["own", "unit"]), (world.subtree, ["own", "unit", "city"]),
                (workspace.admin, ["own", "unit", "city", "south"]),
            ]
            for (connection, names) in expected {
                let page = try await connection.accounts.listAccounts(ListAccountsRequest(includeCount: true))
                #expect(Set(page.accounts.compactMap(\.displayName)) == names)
                #expect(page.count?.value == Int64(names.count))
                for (name, id) in world.accounts {
                    let read = GetAccountRequest(id: id)
                    if names.contains(name) {
                        #expect(try await connection.accounts.getAccount(read).account?.displayName == name)
                    } else {
                        let error = try await refusal { try await connection.accounts.getAccount(read) }
                        #expect(error.code == .notFound)
                        let unseen = try await refusal {
                            try await connection.accounts.updateAccount(
                                UpdateAccountRequest(account: Account(id: id, city: "Rome"), updateMask: ["city"]))
                        }
                        #expect(unseen.code == .notFound)
                    }
                }
            }
            // Who may read more than change is told so.
            let readable = try await refusal {
                try await world.unit.accounts.updateAccount(
                    UpdateAccountRequest(account: Account(id: world.accounts["own"], city: "Rome"), updateMask: ["city"]))
            }
            #expect(readable.code == .permissionDenied)
            // Nobody gives a record away beyond the scope of create.
            let given = try await refusal {
                try await world.own.accounts.createAccount(
                    CreateAccountRequest(account: Account(ownerID: workspace.adminUserID, displayName: "gift")))
            }
            #expect(given.code == .permissionDenied)
            #expect(given.reason == "RECORD_OUT_OF_SCOPE")
            // A department that moves takes its records along.
            _ = try await workspace.admin.departments.updateDepartment(
                UpdateDepartmentRequest(
                    department: Department(id: world.city, parentDepartmentID: world.south),
                    updateMask: ["parent_department_id"]))
            try await eventually("the city is out of sight", within: .seconds(5)) {
                try await world.subtree.accounts.listAccounts(ListAccountsRequest()).accounts.count == 2
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
                                department: Department(displayName: name, parentDepartmentID: parent))
                        ).department?.id)
                }
                let north = try await department("North")
                city = try await department("City", under: north)
                south = try await department("South")
                func user(_ name: String, _ department: String, _ scope: GrantScope) async throws -> StewardConnection {
                    let role = try await admin.roles.createRole(
                        CreateRoleRequest(
                            role: Role(
                                displayName: name,
                                grants: [
                                    Right(object: "account", action: "read", scope: scope),
                                    Right(object: "account", action: "create", scope: .own),
                                    Right(object: "account", action: "update", scope: .own),
                                ]))
                    ).role
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
                        CreateAccountRequest(account: Account(displayName: name))
                    ).account?.id
                }
                for connection in others { await connection.close() }
                self.accounts = accounts
            }

            func close() async { for connection in [own, unit, subtree] { await connection.close() } }
        }
    }
}
