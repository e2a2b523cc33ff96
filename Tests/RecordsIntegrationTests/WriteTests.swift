import Contracts
import CustomerContracts
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

@Suite struct WriteTests {
    typealias Methods = AccountServiceMethods

    @Test func whatIsCreatedIsRead() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let sent = Account(
                version: 99, createTime: Timestamp(microseconds: 1), displayName: "北京 & Söhne",
                externalID: "E-1",
                phone: "+49301234567", email: "a@example.com", website: "https://example.com",
                countryCode: "DE", annualRevenue: Money(currencyCode: "EUR", minorUnits: 123_456_789),
                followUpTime: Timestamp(microseconds: 1_800_000_000_123_456), description: "")
            let created = try await service.create(sent)
            #expect(created.version == 1)
            #expect(created.createTime == created.updateTime && created.createTime != sent.createTime)
            #expect(created.ownerID == people.admin.id.text)
            #expect(created.departmentID == people.south.text)
            #expect(created.displayName == "北京 & Söhne" && created.description == nil)
            #expect(try await service.get(created) == created)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger WHERE record_version = 1") == 1)
        }
    }

    @Test func everyKindOfColumnSurvives() async throws {
        try await TestService.run(SampleService.definition) { service in
            let contact = Contact(
                givenName: "Zoë", birthDate: "1985-02-28",
                contactPoints: [
                    ContactPoint(kind: .email, value: "zoe@example.com", primary: true),
                    ContactPoint(kind: .mobile, value: "+15550100", label: "\"home\"", verified: false),
                ])
            let response = try await service.create(contact)
            let created = response
            #expect(created.contactPoints == contact.contactPoints && created.birthDate == "1985-02-28")
            let read = try await service.get(created)
            #expect(read == created)
        }
    }

    @Test func everyWrongFieldIsNamedWithItsPath() async throws {
        try await TestService.run(SampleService.definition) { service in
            let error = try await denial {
                try await service.create(Account(ownerID: RecordID.make().text, email: "x"))
            }
            #expect(error.code == .invalidArgument)
            #expect(
                error.fieldViolations.map { "\($0.field) \($0.reason)" }
                    == ["account.display_name REQUIRED", "account.email INVALID_FORMAT"])
            let owner = try await denial {
                try await service.create(Account(ownerID: RecordID.make().text, displayName: "x"))
            }
            #expect(owner.fieldViolations.map(\.reason) == ["REFERENCE_NOT_FOUND"])
            let name = try await denial { try await service.create(Contact(jobTitle: "x")) }
            #expect(name.fieldViolations.map(\.field) == ["contact.family_name"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 0)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 0)
        }
    }

    @Test func takenValuesAreNamed() async throws {
        try await TestService.run(SampleService.definition) { service in
            let first = try await service.create(Account(displayName: "a", externalID: "E", taxID: "DE1"))
            let taken = try await denial { try await service.create(Account(displayName: "b", externalID: "E")) }
            #expect(taken.code == .alreadyExists && taken.reason == "EXTERNAL_ID_TAKEN")
            #expect(taken.fieldViolations.map(\.field) == ["account.external_id"])
            let id = try await denial { try await service.create(Account(id: first.id, displayName: "b")) }
            #expect(id.code == .alreadyExists && id.reason == "ID_TAKEN")
            let second = try await service.create(Account(displayName: "b"))
            let update = try await denial { try await service.update(Account(id: second.id, taxID: "de1")) }
            #expect(update.reason == "TAX_ID_TAKEN")
        }
    }

    @Test func updateChangesWhatTheMaskNames() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(
                Account(displayName: "a", phone: "+49301234567", city: "Rom"))
            let updated = try await service.update(
                Account(id: created.id, version: 1, displayName: "ignored", city: "Bonn"), ["city", "phone"])
            #expect(
                updated.version == 2 && updated.city == "Bonn" && updated.phone == nil
                    && updated.displayName == "a")
            #expect(try #require(updated.updateTime) > (try #require(created.updateTime)))
            #expect(try await service.get(created) == updated)
            // The same again changes nothing and writes nothing.
            #expect(try await service.update(Account(id: created.id, city: "Bonn")) == updated)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 2)
            let text = try await service.database.read(
                service.tenant.actor, deadline: TestPostgres.deadline(),
                Statement("SELECT before::text || after::text FROM {schema}.ledger WHERE record_version = 2"),
                Parameters())
            #expect(
                try text.one().string(0)
                    == #"{"city": "Rom", "phone": "+49301234567"}{"city": "Bonn", "phone": null}"#)
        }
    }

    @Test func wrongMasksAreRefused() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a", industry: "Steel"))
            for (mask, reason) in [
                ("nonsense", "FIELD_UNKNOWN"), ("version", "FIELD_OUTPUT_ONLY"),
                ("create_time", "FIELD_OUTPUT_ONLY"),
                ("industry", "FIELD_IMMUTABLE"), ("display_name", "REQUIRED"),
            ] {
                let error = try await denial {
                    try await service.update(Account(id: created.id, industry: "Coal"), [mask])
                }
                #expect(error.reason == reason && error.code == .invalidArgument, "\(mask)")
            }
        }
    }

    @Test func disjointEditsMergeAndOverlappingOnesConflict() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a", city: "Rom"))
            _ = try await service.update(Account(id: created.id, version: 1, city: "Bonn"))
            let merged = try await service.update(Account(id: created.id, version: 1, phone: "+49301234567"))
            #expect(merged.version == 3 && merged.city == "Bonn" && merged.phone == "+49301234567")
            let error = try await denial {
                try await service.update(Account(id: created.id, version: 1, displayName: "b", city: "Köln"))
            }
            #expect(error.code == .aborted && error.reason == "VERSION_CONFLICT")
            let conflict = try #require(error.conflict)
            #expect(conflict.fields == ["city"] && conflict.type == "steward.customer.v1.Account")
            #expect(try Account(decoding: conflict.base) == Account(id: created.id, version: 1, city: "Rom"))
            #expect(try Account(decoding: conflict.mine) == Account(id: created.id, version: 1, city: "Köln"))
            #expect(try Account(decoding: conflict.theirs) == Account(id: created.id, version: 3, city: "Bonn"))
            // The same value is no conflict, and without a version the last writer wins.
            #expect(try await service.update(Account(id: created.id, version: 1, city: "Bonn")).version == 3)
            #expect(try await service.update(Account(id: created.id, city: "Köln")).city == "Köln")
            let future = try await denial { try await service.update(Account(id: created.id, version: 77, city: "x")) }
            #expect(future.reason == "VERSION_UNKNOWN")
        }
    }

    @Test func withoutHistoryEveryEditOfAnOldVersionConflicts() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a", city: "Rom"))
            _ = try await service.update(Account(id: created.id, city: "Bonn"))
            try await service.sql("UPDATE {schema}.accounts SET version = version + 1")
            let error = try await denial {
                try await service.update(Account(id: created.id, version: 1, displayName: "b"))
            }
            #expect(error.reason == "VERSION_CONFLICT" && error.conflict?.fields == ["display_name"])
        }
    }

    /// Looking through what was changed takes time in which the record is locked.
    @Test(arguments: [EditMerge.versionsMax, EditMerge.versionsMax + 1])
    func editsMergeOverABoundedNumberOfVersions(_ count: Int64) async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a", city: "Rom"))
            try await service.sql("UPDATE {schema}.accounts SET version = 1 + \(count), city = 'Bonn'")
            try await service.sql(
                """
                INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after)
                SELECT gen_random_uuid(), now(), 'm', 'account', '\(created.id ?? "")', n, '{"city": "Rom"}', '{"city": "Bonn"}'
                FROM generate_series(2, 1 + \(count)) AS n
                """)
            let isKnown = count == EditMerge.versionsMax
            let city = try await denial { try await service.update(Account(id: created.id, version: 1, city: "Köln")) }
            #expect(city.reason == "VERSION_CONFLICT")
            let base = try Account(decoding: try #require(city.conflict).base)
            #expect(base.city == (isKnown ? "Rom" : nil))
            let edit = Account(id: created.id, version: 1, displayName: "b")
            if isKnown {
                #expect(try await service.update(edit).displayName == "b")
            } else {
                #expect(try await denial { try await service.update(edit) }.reason == "VERSION_CONFLICT")
            }
        }
    }

    /// A row of the ledger that tells of no version of its own, as that of a new password.
    @Test func aRowBesideTheChangesOfARecordMakesNoConflict() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let created = try await service.create(Account(displayName: "a", city: "Rom"))
            _ = try await service.update(Account(id: created.id, city: "Bonn"))
            let row = LedgerRow(
                object: "account", recordID: try #require(RecordID(created.id ?? "")), version: 2,
                before: Array("{}".utf8),
                after: Array("{\"noted\": true}".utf8))
            let context = service.context(Methods.updateAccount, as: people.admin)
            _ = try await service.database.batch(
                service.tenant.actor, deadline: TestPostgres.deadline(),
                [row.insertion(LedgerRow.Origin(time: .now(), by: service.tenant.actor.actor, context))])
            let merged = try await service.update(Account(id: created.id, version: 1, phone: "+49301234567"))
            #expect(merged.version == 3 && merged.city == "Bonn")
        }
    }

    @Test func deletedRecordsComeBack() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a", externalID: "E"))
            let stale = try await denial {
                try await service.accounts().deleteAccount(DeleteAccountRequest(id: created.id, version: 7))
            }
            #expect(stale.code == .aborted)
            let deleted = try await service.accounts().deleteAccount(DeleteAccountRequest(id: created.id, version: 1))
            #expect(deleted.record?.deleteTime != nil && deleted.record?.version == 2)
            let gone = try await denial { try await service.get(created) }
            #expect(gone.code == .notFound)
            let shown = try await service.get(created, deleted: true)
            #expect(shown == deleted.record)
            for error in [
                try await denial { try await service.delete(created) },
                try await denial { try await service.update(Account(id: created.id, city: "x")) },
            ] { #expect(error.code == .notFound) }
            // Its unique value is free while it is deleted, and keeps it deleted once it is taken.
            let other = try await service.create(Account(displayName: "b", externalID: "E"))
            let clash = try await denial { try await service.restore(created) }
            #expect(clash.code == .alreadyExists && clash.reason == "EXTERNAL_ID_TAKEN")
            _ = try await service.update(Account(id: other.id, externalID: "F"))
            let restored = try await service.restore(created)
            #expect(restored.deleteTime == nil && restored.version == 3)
            let living = try await denial { try await service.restore(created) }
            #expect(living.reason == "RECORD_NOT_DELETED")
        }
    }

    @Test func repeatedRequestsAreAnsweredAndNotDone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let first = try await service.create(Account(displayName: "a", externalID: "E"), requestID: "r1")
            #expect(try await service.create(Account(displayName: "a", externalID: "E"), requestID: "r1") == first)
            let updated = try await service.update(
                Account(id: first.id, version: 1, city: "x"), requestID: "r2")
            _ = try await service.update(Account(id: first.id, city: "y"))
            #expect(try await service.update(Account(id: first.id, version: 1, city: "x"), requestID: "r2") == updated)
            for _ in 0..<2 {
                let deleted = try await service.delete(first, requestID: "r3")
                #expect(deleted.version == 4)
            }
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 1)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 4)
            let reused = try await denial { try await service.create(Account(displayName: "other"), requestID: "r1") }
            #expect(reused.code == .invalidArgument && reused.reason == "REQUEST_ID_REUSED")
            // Another user's id is another id.
            let other = try await service.create(
                Account(displayName: "a"), as: people.rep, requestID: "r1")
            #expect(other.id != first.id)
        }
    }

    @Test func oldAnswersGoAsNewOnesCome() async throws {
        try await TestService.run(SampleService.definition) { service in
            for number in 0..<3 { try await service.create(Account(displayName: "a"), requestID: "old \(number)") }
            let ageing = Statement("UPDATE {schema}.requests SET created_at = created_at - interval '25 hours'")
            _ = try await service.database.batch(
                service.tenant.actor, deadline: TestPostgres.deadline(), [(ageing, Parameters())])
            let fresh = try await service.create(Account(displayName: "b"), requestID: "fresh")
            var number = 0
            let old = "SELECT count(*) FROM {schema}.requests WHERE request_id LIKE 'old %'"
            while try await service.number(old) > 0 {
                // One in 64 does it; that none of 2,000 does has a chance of 1 in 10¹³.
                try #require(number < 2_000)
                try await service.create(Account(displayName: "c"), requestID: "new \(number)")
                number += 1
            }
            #expect(try await service.create(Account(displayName: "b"), requestID: "fresh") == fresh)
            #expect(try await service.number("SELECT count(*) FROM {schema}.requests") == Int64(number) + 1)
        }
    }

    @Test func concurrentRepetitionsHappenOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let ids = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<8 {
                    group.addTask(executorPreference: service.postgres.loops.loops[0]) {
                        try await service.create(Account(displayName: "a"), requestID: "same").id
                    }
                }
                return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 1)
        }
    }

    @Test func concurrentUpdatesLoseNothing() async throws {
        try await TestService.run(SampleService.definition) { service in
            let created = try await service.create(Account(displayName: "a"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<12 {
                    group.addTask(executorPreference: service.postgres.loops.loops[0]) {
                        let edit =
                            number % 2 == 0
                            ? Account(id: created.id, version: 1, city: "same")
                            : Account(id: created.id, city: "c\(number)")
                        _ = try? await service.update(edit)
                    }
                }
                try await group.waitForAll()
            }
            let last = try #require(try await service.get(created).version)
            #expect(try await service.number("SELECT count(DISTINCT record_version) FROM {schema}.ledger") == last)
        }
    }
}
