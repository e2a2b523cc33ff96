import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

/// Contacts follow the accounts that they are linked with, and records of own objects what a field of theirs names.
@Suite struct FollowingTests {
    private static let fields = [
        TenantField(object: "custom.site", number: 1, name: "owner", kind: .reference, referenceObject: "account"),
        TenantField(object: "custom.visit", number: 2, name: "site", kind: .reference, referenceObject: "custom.site"),
    ]

    private static func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(
                fields, objects: [TenantObject(name: "site", number: 4), TenantObject(name: "visit", number: 5)])
            let pairs = [
                ("contact", "account", true), ("account_contact", "account", false), ("custom.site", "account", true),
                ("custom.visit", "custom.site", false),
            ]
            service.set(
                rules: pairs.map { object, parent, writes in
                    PolicySharingRule(
                        id: .make(), selection: .make(), object: object, filter: "id is set",
                        following: ParentShare(parent, allowsWriting: writes))
                })
            try await body(service)
        }
    }

    private static func rep(_ service: TestService) -> UserID {
        let objects = ["account", "contact", "account_contact", "custom.site", "custom.visit"]
        let actions = ["read", "create", "update", "delete"]
        return service.makeUser(objects.flatMap { object in actions.map { (object, $0, .own) } })
    }

    private static func settle(_ service: TestService) async throws {
        let keeper = SharingKeeper(
            service.engine, doing: service.sharing.shareRecord,
            for: Purpose(
                "apply_sharing_rules", needs: "account.read", "account.update", "contact.read", "contact.update",
                "account_contact.read", "account_contact.update", "custom.*.read", "custom.*.update"),
            logger: service.postgres.logger)
        while try await keeper.step(service.tenant.id, deadline: .after(.seconds(8))) {}
    }

    @Test func contactsFollowWhatTheyAreLinkedWith() async throws {
        try await Self.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let contact = try await service.create(Contact(familyName: "Roe"), as: owner)
            _ = try await service.create(Contact(familyName: "Nobody's"), as: owner)
            try await service.share("account", account.id, RecordShare(with: other, .write), as: owner)
            func his() async throws -> [Bool] {
                [
                    try await service.list(Contact.self, as: other).map(\.id) == [contact.id],
                    try await refusal {
                        try await service.update(Contact(id: contact.id, jobTitle: "\(RecordID.make())"), as: other)
                    } == nil,
                    try await service.list(AccountContact.self, as: other).count == 1,
                ]
            }
            try await Self.settle(service)
            var seen = [try await his()]
            let link = try await service.create(
                AccountContact(accountID: account.id, contactID: contact.id), as: owner)
            try await Self.settle(service)
            seen.append(try await his())
            let told = try await service.explain("contact", contact.id, as: other)
            #expect(told["update"]?.parentIDs == [account.id ?? ""] && told["delete"]?.allowed == false)
            // Unlinked, it is gone at once.
            try await service.delete(link, as: owner)
            seen.append(try await his())
            try await service.restore(link, as: owner)
            try await Self.settle(service)
            seen.append(try await his())
            try await service.unshare("account", account.id, user: other, as: owner)
            seen.append(try await his())
            let (none, all) = ([false, false, false], [true, true, true])
            #expect(seen == [none, all, none, all, none])
        }
    }

    @Test func recordsOfOwnObjectsFollowWhatTheyName() async throws {
        try await Self.run { service in
            let (owner, other) = (Self.rep(service), Self.rep(service))
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let elsewhere = try await service.create(Account(displayName: "Elsewhere"), as: owner)
            func naming(_ name: String, _ id: String?) -> [CustomField] { [CustomField(name: name, stringValue: id)] }
            service.name("site")
            let site = try await service.create(
                Record(customFields: naming("owner", account.id), displayName: "Site"), as: owner)
            service.name("visit")
            let visit = try await service.create(
                Record(customFields: naming("site", site.id), displayName: "Visit"), as: owner)
            try await service.share("account", account.id, RecordShare(with: other, .write), as: owner)
            try await Self.settle(service)
            func reason(_ record: Record, of object: String, as user: UserID) async throws -> String? {
                service.name(object)
                return try await refusal { try await service.get(record, as: user) }?.reason
            }
            // What follows an account leads no further.
            let seen = [
                try await reason(site, of: "site", as: other), try await reason(visit, of: "visit", as: other),
            ]
            #expect(seen == [nil, "RECORD_NOT_FOUND"])
            service.name("site")
            try await service.update(Record(id: site.id, displayName: "By other"), as: other)
            let told = try await service.explain("custom.site", site.id, as: other)
            #expect(told["update"]?.parentIDs == [account.id ?? ""])
            try await service.update(
                Record(id: site.id, customFields: naming("owner", elsewhere.id)), ["custom_fields"], as: owner)
            #expect(try await reason(site, of: "site", as: other) == "RECORD_NOT_FOUND")
            // A site that is shared itself has its visits follow.
            try await service.share("custom.site", site.id, RecordShare(with: other), as: owner)
            try await Self.settle(service)
            let later = [
                try await reason(site, of: "site", as: other), try await reason(visit, of: "visit", as: other),
            ]
            #expect(later == [nil, nil])
            service.name("visit")
            let edit = try await denial {
                try await service.update(Record(id: visit.id, displayName: "Mine"), as: other)
            }
            #expect(edit.reason == "RECORD_OUT_OF_SCOPE")
            try await service.unshare("custom.site", site.id, user: other, as: owner)
            #expect(try await reason(visit, of: "visit", as: other) == "RECORD_NOT_FOUND")
        }
    }
}
