import AccessControl
import Contracts
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@Suite struct AccessTests {
    typealias Methods = AccountServiceMethods

    @Test func authorisationComesBeforeValidation() async throws {
        try await World.run { world in
            let nobody = world.people.nobody
            let errors = [
                try await world.refusal(Methods.getAccount, GetAccountRequest(id: "nonsense"), as: nobody),
                try await world.refusal(
                    Methods.listAccounts, ListAccountsRequest(filterExpression: "((("), as: nobody),
                try await world.refusal(Methods.createAccount, CreateAccountRequest(), as: nobody),
                try await world.refusal(Methods.updateAccount, UpdateAccountRequest(), as: nobody),
                try await world.refusal(Methods.deleteAccount, DeleteAccountRequest(), as: nobody),
                try await world.refusal(Methods.restoreAccount, RestoreAccountRequest(), as: nobody),
                try await world.refusal(Methods.batchGetAccounts, BatchGetAccountsRequest(), as: nobody),
                try await world.refusal(
                    Methods.batchCreateAccounts, BatchCreateAccountsRequest(), as: nobody),
            ]
            for error in errors {
                #expect(error.code == .permissionDenied && error.reason == "PERMISSION_MISSING")
            }
            let stranger = try await world.refusal(
                Methods.getAccount, GetAccountRequest(), as: UserID(.make()))
            #expect(stranger.reason == "USER_UNKNOWN")
        }
    }

    @Test func forbiddenAndAbsentLookTheSame() async throws {
        try await World.run { world in
            let hidden = try await world.create(Account(displayName: "south"))
            let rep = world.people.rep
            let absent = RecordID.make().text
            let forbidden = try await world.refusal(
                Methods.getAccount, GetAccountRequest(id: hidden.id), as: rep)
            let missing = try await world.refusal(Methods.getAccount, GetAccountRequest(id: absent), as: rep)
            #expect(forbidden.code == .notFound && missing.code == .notFound)
            #expect(
                forbidden.message.replacing(hidden.id ?? "", with: "")
                    == missing.message.replacing(absent, with: ""))
            for error in [
                try await world.refusal(
                    Methods.updateAccount, UpdateAccountRequest(account: Account(id: hidden.id, city: "x")),
                    as: rep),
                try await world.refusal(Methods.deleteAccount, DeleteAccountRequest(id: hidden.id), as: rep),
            ] { #expect(error.code == .notFound) }
            let some: BatchGetAccountsResponse = try await world.call(
                Methods.batchGetAccounts, BatchGetAccountsRequest(ids: [hidden.id ?? "", absent]), as: rep)
            #expect(some.accounts == [] && some.missingIDs == [hidden.id ?? "", absent])
            let list = try await world.list(
                ListAccountsRequest(includeCount: true, showDeleted: true), as: rep)
            #expect(list.accounts == [] && list.count?.value == 0)
        }
    }

    @Test func scopesAreKeptInEveryWrite() async throws {
        try await World.run { world in
            let (rep, colleague) = (world.people.rep, world.people.colleague)
            let mine = try await world.create(Account(displayName: "mine"), as: rep)
            #expect(mine.ownerID == rep.id.text && mine.departmentID == world.people.north.text)
            // A colleague of the department sees it but may not change it.
            #expect(try await world.get(mine.id, as: colleague) == mine)
            for error in [
                try await world.refusal(
                    Methods.updateAccount, UpdateAccountRequest(account: Account(id: mine.id, city: "x")),
                    as: colleague),
                try await world.refusal(
                    Methods.deleteAccount, DeleteAccountRequest(id: mine.id), as: colleague),
                try await world.refusal(
                    Methods.createAccount,
                    CreateAccountRequest(account: Account(ownerID: colleague.id.text, displayName: "x")),
                    as: rep),
                // Giving it away would leave one's own scope.
                try await world.refusal(
                    Methods.updateAccount,
                    UpdateAccountRequest(account: Account(id: mine.id, ownerID: colleague.id.text)),
                    as: rep),
            ] { #expect(error.code == .permissionDenied && error.reason == "RECORD_OUT_OF_SCOPE") }
            // The admin may, and the record follows its owner's department.
            let given = try await world.update(Account(id: mine.id, ownerID: world.people.admin.id.text))
            #expect(given.departmentID == world.people.south.text)
            let gone = try await world.refusal(Methods.getAccount, GetAccountRequest(id: mine.id), as: rep)
            #expect(gone.code == .notFound)
        }
    }

    @Test func hiddenFieldsAreGoneEverywhere() async throws {
        try await World.run { world in
            let reader = world.people.reader
            let created = try await world.create(
                Account(displayName: "a", phone: "+49 30 1234567", email: "a@example.com", city: "Rom"))
            let seen = try await world.get(created.id, as: reader)
            #expect(seen.phone == "•••4567" && seen.email == nil && seen.city == "Rom")
            #expect(try await world.list(ListAccountsRequest(), as: reader).accounts == [seen])
            let batch: BatchGetAccountsResponse = try await world.call(
                Methods.batchGetAccounts, BatchGetAccountsRequest(ids: [created.id ?? ""]), as: reader)
            #expect(batch.accounts == [seen])
            let updated = try await world.update(Account(id: created.id, displayName: "b"), as: reader)
            #expect(updated.phone == "•••4567" && updated.email == nil)
            #expect(try await world.get(created.id).phone == "+49 30 1234567")
            for field in ["phone", "email"] {
                let errors = [
                    try await world.refusal(
                        Methods.listAccounts, ListAccountsRequest(filterExpression: "\(field) is set"),
                        as: reader),
                    try await world.refusal(
                        Methods.listAccounts, ListAccountsRequest(orderBy: [field]), as: reader),
                ]
                for error in errors {
                    #expect(error.code == .permissionDenied && error.reason == "FIELD_NOT_READABLE")
                }
            }
            for mask in ["phone", "email", "city"] {
                let error = try await world.refusal(
                    Methods.updateAccount,
                    UpdateAccountRequest(account: Account(id: created.id), updateMask: [mask]),
                    as: reader)
                #expect(error.reason == "FIELD_NOT_WRITABLE")
            }
            let create = try await world.refusal(
                Methods.createAccount, CreateAccountRequest(account: Account(displayName: "x", city: "y")),
                as: reader)
            #expect(create.reason == "FIELD_NOT_WRITABLE")
        }
    }

    @Test func anotherTenantHasNothing() async throws {
        try await World.run { world in
            let created = try await world.create(Account(displayName: "a"))
            try await World.run { other in
                for error in [
                    try await other.refusal(
                        Methods.getAccount, GetAccountRequest(id: created.id, showDeleted: true)),
                    try await other.refusal(
                        Methods.updateAccount,
                        UpdateAccountRequest(account: Account(id: created.id, city: "x"))),
                    try await other.refusal(Methods.deleteAccount, DeleteAccountRequest(id: created.id)),
                    try await other.refusal(Methods.restoreAccount, RestoreAccountRequest(id: created.id)),
                ] { #expect(error.code == .notFound) }
                let parent = try await other.refusal(
                    Methods.createAccount,
                    CreateAccountRequest(account: Account(displayName: "x", parentAccountID: created.id)))
                #expect(parent.reason == "REFERENCE_NOT_FOUND")
                #expect(try await other.list(ListAccountsRequest(showDeleted: true)).accounts == [])
            }
        }
    }

    @Test func stalePolicyStopsWritesOnly() async throws {
        try await World.run { world in
            let created = try await world.create(Account(displayName: "a"))
            world.policies.isStale.withLock { $0 = true }
            #expect(try await world.get(created.id) == created)
            let error = try await world.refusal(
                Methods.createAccount, CreateAccountRequest(account: Account(displayName: "x")))
            #expect(error.code == .unavailable)
        }
    }

    @Test func inactiveWorkspaceIsClosed() async throws {
        try await World.run { world in
            let closed = world.people.snapshot(of: world.tenant.id, isActive: false)
            world.policies.snapshots.withLock { $0[world.tenant.id] = closed }
            let error = try await world.refusal(Methods.getAccount, GetAccountRequest())
            #expect(error.reason == "USER_UNKNOWN")
        }
    }
}
