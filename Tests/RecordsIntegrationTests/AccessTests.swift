import AccessControl
import Contracts
import CustomerContracts
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
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let nobody = people.nobody
            let errors = [
                try await denial { try await service.get(Account.self, "nonsense", as: nobody) },
                try await denial { try await service.list(Account.self, "(((", as: nobody) },
                try await denial { try await service.accounts(as: nobody).createAccount(CreateAccountRequest()) },
                try await denial { try await service.accounts(as: nobody).updateAccount(UpdateAccountRequest()) },
                try await denial { try await service.accounts(as: nobody).deleteAccount(DeleteAccountRequest()) },
                try await denial { try await service.accounts(as: nobody).restoreAccount(RestoreAccountRequest()) },
                try await denial { try await service.accounts(as: nobody).batchGetAccounts(BatchGetAccountsRequest()) },
                try await denial {
                    try await service.accounts(as: nobody).batchCreateAccounts(BatchCreateAccountsRequest())
                },
            ]
            for error in errors {
                #expect(error.code == .permissionDenied && error.reason == "PERMISSION_MISSING")
            }
            let stranger = try await denial {
                try await service.accounts(as: UserID(.make())).getAccount(GetAccountRequest())
            }
            #expect(stranger.reason == "USER_UNKNOWN")
        }
    }

    @Test func forbiddenAndAbsentLookTheSame() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let hidden = try await service.create(Account(displayName: "south"))
            let rep = people.rep
            let absent = RecordID.make().text
            let forbidden = try await denial { try await service.get(hidden, as: rep) }
            let missing = try await denial { try await service.get(Account.self, absent, as: rep) }
            #expect(forbidden.code == .notFound && missing.code == .notFound)
            #expect(
                forbidden.message.replacing(hidden.id ?? "", with: "")
                    == missing.message.replacing(absent, with: ""))
            for error in [
                try await denial { try await service.update(Account(id: hidden.id, city: "x"), as: rep) },
                try await denial { try await service.delete(hidden, as: rep) },
            ] { #expect(error.code == .notFound) }
            let some = try await service.accounts(as: rep).batchGetAccounts(
                BatchGetAccountsRequest(ids: [hidden.id ?? "", absent]))
            #expect(some.records == [] && some.missingIDs == [hidden.id ?? "", absent])
            let list = try await service.accounts(as: rep).listAccounts(
                ListAccountsRequest(includeCount: true, showDeleted: true))
            #expect(list.records == [] && list.count?.value == 0)
        }
    }

    @Test func scopesAreKeptInEveryWrite() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let (rep, colleague) = (people.rep, people.colleague)
            let mine = try await service.create(Account(displayName: "mine"), as: rep)
            #expect(mine.ownerID == rep.id.text && mine.departmentID == people.north.text)
            // A colleague of the department sees it but may not change it.
            #expect(try await service.get(mine, as: colleague) == mine)
            for error in [
                try await denial { try await service.update(Account(id: mine.id, city: "x"), as: colleague) },
                try await denial { try await service.delete(mine, as: colleague) },
                try await denial {
                    try await service.create(Account(ownerID: colleague.id.text, displayName: "x"), as: rep)
                },
                // Giving it away would leave one's own scope.
                try await denial {
                    try await service.update(Account(id: mine.id, ownerID: colleague.id.text), as: rep)
                },
            ] { #expect(error.code == .permissionDenied && error.reason == "RECORD_OUT_OF_SCOPE") }
            // The admin may, and the record follows its owner's department.
            let given = try await service.update(Account(id: mine.id, ownerID: people.admin.id.text))
            #expect(given.departmentID == people.south.text)
            let gone = try await denial { try await service.get(mine, as: rep) }
            #expect(gone.code == .notFound)
        }
    }

    @Test func hiddenFieldsAreGoneEverywhere() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let reader = people.reader
            let created = try await service.create(
                Account(displayName: "a", phone: "+49301234567", email: "a@example.com", city: "Rom"))
            let seen = try await service.get(created, as: reader)
            #expect(seen.phone == "•••4567" && seen.email == nil && seen.city == "Rom")
            #expect(try await service.list(Account.self, as: reader) == [seen])
            let batch = try await service.accounts(as: reader).batchGetAccounts(
                BatchGetAccountsRequest(ids: [created.id ?? ""]))
            #expect(batch.records == [seen])
            let updated = try await service.update(Account(id: created.id, displayName: "b"), as: reader)
            #expect(updated.phone == "•••4567" && updated.email == nil)
            #expect(try await service.get(created).phone == "+49301234567")
            for field in ["phone", "email"] {
                let errors = [
                    try await denial { try await service.list(Account.self, "\(field) is set", as: reader) },
                    try await denial { try await service.list(Account.self, by: [field], as: reader) },
                ]
                for error in errors {
                    #expect(error.code == .permissionDenied && error.reason == "FIELD_NOT_READABLE")
                }
            }
            for mask in ["phone", "email", "city"] {
                let error = try await denial { try await service.update(Account(id: created.id), [mask], as: reader) }
                #expect(error.reason == "FIELD_NOT_WRITABLE")
            }
            let create = try await denial { try await service.create(Account(displayName: "x", city: "y"), as: reader) }
            #expect(create.reason == "FIELD_NOT_WRITABLE")
        }
    }

    /// That another record has the same value would tell it.
    @Test func aTakenValueIsNotNamedToWhoMayNotReadIt() async throws {
        try await TestService.run(SampleService.definition) { service in
            let gone = try await service.create(Account(displayName: "a", taxID: "DE1", city: "Rom"))
            try await service.delete(gone)
            try await service.create(Account(displayName: "b", taxID: "DE1"))
            for level in [FieldLevel.none, .masked] {
                let user = service.makeUser([("*", "*", .all)], hiding: [("account", "tax_id", level)])
                let hidden = try await denial { try await service.restore(gone, as: user) }
                #expect(hidden.code == .alreadyExists && hidden.reason == "VALUE_TAKEN")
                #expect(hidden.fieldViolations.isEmpty && hidden.details.isEmpty && !hidden.message.contains("tax"))
            }
            let told = try await denial { try await service.restore(gone) }
            #expect(told.reason == "TAX_ID_TAKEN" && told.fieldViolations.map(\.field) == ["tax_id"])
        }
    }

    @Test func anotherTenantHasNothing() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a"))
            try await TestService.run(SampleService.definition) { other in
                for error in [
                    try await denial { try await other.get(created, deleted: true) },
                    try await denial { try await other.update(Account(id: created.id, city: "x")) },
                    try await denial { try await other.delete(created) },
                    try await denial { try await other.restore(created) },
                ] { #expect(error.code == .notFound) }
                let parent = try await denial {
                    try await other.create(Account(displayName: "x", parentAccountID: created.id))
                }
                #expect(parent.reason == "REFERENCE_NOT_FOUND")
                #expect(try await other.list(Account.self, deleted: true) == [])
            }
        }
    }

    @Test func stalePolicyStopsWritesOnly() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a"))
            service.policies.isStale.withLock { $0 = true }
            #expect(try await service.get(created) == created)
            let error = try await denial { try await service.create(Account(displayName: "x")) }
            #expect(error.code == .unavailable)
        }
    }

    @Test func inactiveWorkspaceIsClosed() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.close()
            let error = try await denial { try await service.accounts().getAccount(GetAccountRequest()) }
            #expect(error.reason == "USER_UNKNOWN")
        }
    }
}
