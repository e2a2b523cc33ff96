import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Tenancy
import TestService
import Testing
import Wire

/// Changes that are taken back by a new one.
@Suite struct UndoTests {
    private func expect(
        _ reason: String, at location: SourceLocation = #_sourceLocation, _ call: () async throws -> Account
    ) async throws {
        let refused = try await denial(call)
        #expect(refused.reason == reason, sourceLocation: location)
    }

    @Test func fieldsGoBackToWhatTheyWere() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a", city: "Rom"))
            try await service.update(
                Account(id: made.id, displayName: "b", region: "Lazio"), ["display_name", "city", "region"])
            try await service.update(Account(id: made.id, street: "Via"))
            let back = try await service.undo(made, 2)
            #expect(back.displayName == "a" && back.city == "Rom" && back.region == nil && back.street == "Via")
            let stored = try await service.get(made)
            #expect(back.version == 4 && stored == back)
            let told = try await service.sql(
                "SELECT method, before->>'display_name', after->>'display_name' FROM {schema}.ledger WHERE record_version = 4"
            ).one()
            #expect(try told.string(0) == AccountServiceMethods.undoAccountChange.path)
            #expect(try [told.string(1), told.string(2)] == ["b", "a"])
            let history = try await service.accounts().listAccountChanges(ListAccountChangesRequest(id: made.id))
            #expect(history.changes.map(\.method) == ["undo", "update", "update", "create"])
            // It is taken back already, and what was undone can be undone.
            #expect(try await service.undo(made, 2).version == 4)
            #expect(try await service.undo(made, 4).displayName == "b")
        }
    }

    @Test func whatWasChangedAgainIsAConflictUnlessItAgrees() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a", city: "Rom"))
            try await service.update(Account(id: made.id, city: "Oslo", region: "r"))
            try await service.update(Account(id: made.id, city: "Bonn"))
            let conflict = try await denial { try await service.undo(made, 2) }
            #expect(conflict.code == .aborted && conflict.reason == "VERSION_CONFLICT")
            let parts = try #require(conflict.conflict)
            #expect(parts.fields == ["city"])
            let cities = try [parts.base, parts.mine, parts.theirs].map { try Account(decoding: $0).city }
            #expect(cities == ["Oslo", "Rom", "Bonn"])
            #expect(try await service.get(made).region == "r")
            try await service.update(Account(id: made.id, city: "Rom"))
            let back = try await service.undo(made, 2)
            #expect(back.city == "Rom" && back.region == nil)
        }
    }

    @Test func deletionsReturnsAndCreationsAreTakenBack() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            try await service.delete(made)
            #expect(try await service.undo(made, 2).deleteTime == nil)
            #expect(try await service.undo(made, 3).deleteTime != nil)
            let again = try await denial { try await service.undo(made, 3) }
            #expect(again.reason == "RECORD_NOT_FOUND")
            try await service.restore(made)
            let twice = try await denial { try await service.undo(made, 2) }
            #expect(twice.reason == "RECORD_NOT_DELETED")
            #expect(try await service.undo(made, 1).deleteTime != nil)
        }
    }

    @Test func unknownVersionsAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            for version in [nil, 0, -1, 2, Int64.max, Int64.min] {
                let refused = try await denial { try await service.undo(made, version) }
                #expect(refused.reason == "VERSION_UNKNOWN" && refused.fieldViolations.first?.field == "version")
            }
            let nobody = try await denial { try await service.undo(Account(id: RecordID.make().text), 1) }
            #expect(nobody.reason == "RECORD_NOT_FOUND")
            let noID = try await denial { try await service.undo(Account(id: "x"), 1) }
            #expect(noID.reason == "INVALID_ID")
        }
    }

    @Test func itTakesTheRightToDoWhatIsDone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let own = try await service.create(Account(displayName: "a"), as: people.rep)
            try await service.update(Account(id: own.id, city: "Rom"), as: people.rep)
            let far = try await service.create(Account(displayName: "far"))
            try await service.update(Account(id: far.id, city: "Rom"))
            try await expect("PERMISSION_MISSING") { try await service.undo(own, 2, as: people.nobody) }
            try await expect("RECORD_OUT_OF_SCOPE") { try await service.undo(own, 2, as: people.colleague) }
            try await expect("RECORD_NOT_FOUND") { try await service.undo(far, 2, as: people.rep) }
            // The reader may change but not delete.
            try await expect("PERMISSION_MISSING") { try await service.undo(far, 1, as: people.reader) }
            let deletes = service.makeUser([("account", "read", .all), ("account", "delete", .all)])
            try await expect("PERMISSION_MISSING") { try await service.undo(far, 2, as: deletes) }
            #expect(try await service.undo(far, 1, as: deletes).deleteTime != nil)
            #expect(try await service.undo(own, 2, as: people.rep).city == nil)
        }
    }

    /// A field that may be read and not written is named; of one that is hidden nothing is told but that there is one.
    @Test func aHiddenFieldIsNeitherChangedNorTold() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let made = try await service.create(Account(displayName: "a", email: "old@example.com"))
            try await service.update(Account(id: made.id, email: "new@example.com", street: "s"))
            try await service.update(Account(id: made.id, city: "Rom"))
            let before = try await service.get(made)
            let hidden = try await denial { try await service.undo(made, 2, as: people.reader) }
            #expect(hidden.reason == "FIELD_NOT_WRITABLE" && hidden.details.isEmpty && hidden.conflict == nil)
            for word in ["email", "example.com", "old"] { #expect(!hidden.message.contains(word)) }
            let read = try await denial { try await service.undo(made, 3, as: people.reader) }
            #expect(read.reason == "FIELD_NOT_WRITABLE" && read.details.map(\.value) == ["city"])
            #expect(try await service.get(made) == before)
            // A conflict about it is no way to learn it either.
            try await service.update(Account(id: made.id, email: "third@example.com"))
            let conflict = try await denial { try await service.undo(made, 2, as: people.reader) }
            #expect(conflict.reason == "FIELD_NOT_WRITABLE" && conflict.conflict == nil)
        }
    }

    @Test func rulesHoldForWhatComesBack() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a", externalID: "E"))
            try await service.update(Account(id: made.id, externalID: "F"))
            try await service.create(Account(displayName: "heir", externalID: "E"))
            try await expect("EXTERNAL_ID_TAKEN") { try await service.undo(made, 2) }
            let parent = try await service.create(Account(displayName: "p"))
            let child = try await service.create(Account(displayName: "c", parentAccountID: parent.id))
            try await service.update(Account(id: child.id), ["parent_account_id"])
            try await service.delete(parent)
            try await expect("REFERENCE_NOT_FOUND") { try await service.undo(child, 2) }
        }
    }

    @Test func aRepetitionIsDoneOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a"))
            let first = try await service.undo(made, 1, requestID: "r")
            #expect(try await service.undo(made, 1, requestID: "r") == first)
            service.change(service.admin, to: [("account", "read", .all), ("account", "update", .all)])
            let refused = try await denial { try await service.undo(made, 1, requestID: "r") }
            #expect(refused.reason == "PERMISSION_MISSING")
        }
    }
}
