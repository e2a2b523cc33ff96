import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Tenancy
import TestService
import Testing

/// Records that are changed or created by a key.
@Suite struct UpsertTests {
    @Test func whoIsNotThereIsCreatedAndWhoIsThereChanged() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.upsert(Account(displayName: "a", externalID: "E", city: "Rom"))
            #expect(made.created && made.record.version == 1)
            let changed = try await service.upsert(Account(displayName: "b", externalID: " E\n"))
            #expect(!changed.created && changed.record.id == made.record.id)
            #expect(changed.record.displayName == "b" && changed.record.city == "Rom" && changed.record.version == 2)
            // What is named and not set is cleared; what is set and not named is for a new record.
            let cleared = try await service.upsert(Account(displayName: "c", externalID: "E"), ["city"])
            #expect(cleared.record.displayName == "b" && cleared.record.city == nil && cleared.record.version == 3)
            // Nothing to change is no change.
            #expect(try await service.upsert(Account(displayName: "b", externalID: "E")).record.version == 3)
            let other = try await service.upsert(Account(displayName: "n", externalID: "F"), ["city"])
            #expect(other.created && other.record.displayName == "n")
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 4)
            // The deleted are not found.
            try await service.delete(made.record)
            #expect(try await service.upsert(Account(displayName: "d", externalID: "E")).created)
        }
    }

    @Test func theFieldMayBeAnotherUniqueOne() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.create(Account(displayName: "a", externalID: "E", taxID: "de1"))
            let found = try await service.upsert(Account(displayName: "b", taxID: "DE1"), by: "tax_id")
            #expect(found.record.id == made.id && found.record.taxID == "de1" && !found.created)
            for (field, reason) in [
                ("city", "FIELD_NOT_UNIQUE"), ("nothing", "FIELD_UNKNOWN"), ("id", "FIELD_NOT_UNIQUE"),
            ] {
                let refused = try await denial {
                    try await service.upsert(Account(displayName: "x", externalID: "E", city: "Rom"), by: field)
                }
                #expect(refused.reason == reason && refused.fieldViolations.first?.field == "match_field")
            }
            for text in [nil, " "] {
                let refused = try await denial { try await service.upsert(Account(displayName: "x", externalID: text)) }
                #expect(refused.reason == "REQUIRED" && refused.fieldViolations.first?.field == "account.external_id")
            }
            let taken = try await denial {
                try await service.upsert(Account(displayName: "x", externalID: "new", taxID: "DE1"))
            }
            #expect(taken.reason == "TAX_ID_TAKEN")
            #expect(taken.fieldViolations.first?.field == "account.tax_id")
            let id = try await denial {
                try await service.upsert(Account(id: made.id, displayName: "x", externalID: "new"))
            }
            #expect(id.reason == "ID_TAKEN" && id.fieldViolations.first?.field == "account.id")
        }
    }

    @Test func editsAreMerged() async throws {
        try await TestService.run(SampleService.definition) { service in
            let made = try await service.upsert(Account(displayName: "a", externalID: "E")).record
            try await service.update(Account(id: made.id, city: "Oslo"))
            let merged = try await service.upsert(Account(version: 1, externalID: "E", region: "Lazio"))
            #expect(merged.record.city == "Oslo" && merged.record.region == "Lazio")
            let conflict = try await denial {
                try await service.upsert(Account(version: 1, externalID: "E", city: "Rom"))
            }
            #expect(conflict.reason == "VERSION_CONFLICT" && conflict.conflict?.fields == ["city"])
        }
    }

    /// One record, however many come at once.
    @Test func aRaceMakesOneRecord() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        try await service.upsert(Account(displayName: "n\(number)", externalID: "E")).created
                    }
                }
                return try await group.reduce(into: 0) { count, isNew in count += isNew ? 1 : 0 }
            }
            #expect(created == 1)
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 1)
            #expect(try await service.number("SELECT version FROM {schema}.accounts") == 12)
        }
    }

    /// Whoever may not see the record learns no more than by creating one.
    @Test func aRecordOutOfSightIsTakenAsForACreation() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let far = try await service.create(Account(displayName: "far", externalID: "E"))
            let near = try await service.create(Account(displayName: "near", externalID: "N"), as: people.colleague)
            let asCreated = try await denial {
                try await service.create(Account(displayName: "x", externalID: "E"), as: people.rep)
            }
            let asUpserted = try await denial {
                try await service.upsert(Account(displayName: "x", externalID: "E"), as: people.rep)
            }
            #expect(asUpserted.reason == "EXTERNAL_ID_TAKEN" && asUpserted.message == asCreated.message)
            #expect(asUpserted.details.map(\.value) == asCreated.details.map(\.value))
            #expect(!asUpserted.message.contains(far.id ?? "?"))
            let seen = try await denial {
                try await service.upsert(Account(displayName: "x", externalID: "N"), as: people.rep)
            }
            #expect(seen.reason == "RECORD_OUT_OF_SCOPE")
            #expect(try await service.get(near).displayName == "near")
            let given = try await denial {
                try await service.upsert(
                    Account(ownerID: people.colleague.id.text, displayName: "x", externalID: "new"), as: people.rep)
            }
            #expect(given.reason == "RECORD_OUT_OF_SCOPE")
        }
    }

    @Test func itTakesTheRightToDoWhatIsDone() async throws {
        try await TestService.run(SampleService.definition) { service in
            func user(_ actions: String..., hiding: [(object: String, field: String, level: FieldLevel)] = []) -> UserID
            {
                service.makeUser(actions.map { ("account", $0, .all) }, hiding: hiding)
            }
            let there = Account(displayName: "b", externalID: "E")
            let new = Account(displayName: "n", externalID: "new")
            try await service.create(Account(displayName: "a", externalID: "E", email: "a@example.com"))
            let refusals: [(user: UserID, record: Account, reason: String)] = [
                (user("read"), there, "PERMISSION_MISSING"), (user("create", "update"), there, "PERMISSION_MISSING"),
                (user("read", "create"), there, "PERMISSION_MISSING"),
                (user("read", "update"), new, "PERMISSION_MISSING"),
                (
                    user("read", "create", "update", hiding: [("account", "external_id", .masked)]), there,
                    "FIELD_NOT_READABLE"
                ),
                (
                    user("read", "create", "update", hiding: [("account", "email", .none)]),
                    Account(externalID: "E", email: "b@example.com"), "FIELD_NOT_WRITABLE"
                ),
                (
                    user("read", "create", "update", hiding: [("account", "email", .read)]),
                    Account(displayName: "n", externalID: "new", email: "b@example.com"), "FIELD_NOT_WRITABLE"
                ),
            ]
            for (number, item) in refusals.enumerated() {
                let refused = try await denial { try await service.upsert(item.record, as: item.user) }
                #expect(refused.reason == item.reason, "\(number)")
            }
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 1)
            let hidden = user("read", "create", "update", hiding: [("account", "email", .none)])
            let answer = try await service.upsert(there, as: hidden)
            #expect(answer.record.displayName == "b" && answer.record.email == nil)
        }
    }

    /// The second time the record is there; the answer is still that of the first.
    @Test func aRepetitionIsDoneOnceByTodaysRights() async throws {
        try await TestService.run(SampleService.definition) { service in
            let maker = service.makeUser([("account", "read", .all), ("account", "create", .all)])
            let record = Account(displayName: "a", externalID: "E")
            let first = try await service.upsert(record, as: maker, requestID: "r")
            let again = try await service.upsert(record, as: maker, requestID: "r")
            #expect(again.created && again.record == first.record)
            let another = try await denial { try await service.upsert(record, as: maker, requestID: "other") }
            #expect(another.reason == "PERMISSION_MISSING")
            service.change(maker, to: [("account", "read", .all), ("account", "update", .all)])
            let refused = try await denial { try await service.upsert(record, as: maker, requestID: "r") }
            #expect(refused.reason == "PERMISSION_MISSING")
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 1)
        }
    }
}
