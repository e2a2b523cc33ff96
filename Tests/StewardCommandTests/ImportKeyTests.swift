import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import SalesContracts
import Tenancy
import Testing
import Wire

@testable import steward

/// What counts as there already, without a server.
@Suite struct ImportKeyTests {
    private func header(_ names: String..., of record: MessageDescriptor = Account.descriptor) throws -> ImportHeader {
        try ImportHeader(names, of: record)
    }

    private func row(_ line: Int, _ fields: String...) -> CSVReader.Record { .init(line: line, fields: fields) }

    @Test func everyComparableFieldMayBeKey() throws {
        let header = try header("display_name", "City", "annual_revenue", "follow_up_time", "external_id")
        for name in ["display_name", "city", "annual_revenue", "follow_up_time", "external_id"] {
            #expect(throws: Never.self) { try ImportKey(name, header, of: Account.noun) }
        }
    }

    @Test(arguments: ["contact_points", "contact_points.email", "custom_fields", "nosuch", "version", "create_time"])
    func othersAreRefusedWithThoseThatMayBe(_ name: String) throws {
        let header = try header("given_name", "contact_points.email", of: Contact.descriptor)
        let problem = #expect(throws: UsageProblem.self) { try ImportKey(name, header, of: Contact.noun) }
        #expect(problem?.cure.contains("given_name, family_name") == true)
        #expect(problem?.cure.contains("create_time") == false)
    }

    @Test func aKeyNeedsAColumn() throws {
        let header = try header("display_name")
        #expect(throws: UsageProblem.self) { try ImportKey("city", header, of: Account.noun) }
    }

    @Test func rowsWithTheSameKeyDoNotGoOutTogether() throws {
        let header = try header("display_name", "city")
        let together = RowsTogether(columns: header.columns, noun: Account.noun)
        var key = try ImportKey("city", header, of: Account.noun)
        let batch = [row(2, "A", "Rome"), row(3, "B", ""), row(4, "C", ""), row(5, "D", " Rome "), row(6, "E", "Bonn")]
        #expect(together.count(batch, key: key) == 3)
        key.note(batch[0], id: "x")
        #expect(key.id(for: batch[3]) == "x")
        #expect(together.count(batch, key: key) == 5)
    }

    @Test func aRowWithItsIDIsComparedCellByCell() throws {
        func account(_ fields: String...) throws -> Message {
            let message = Message.make(Account.descriptor, in: Arena())
            _ = try FieldAssignment.apply(fields, to: message)
            return message
        }
        let stored = try account("display_name=Ame\u{301}lie", "email=a@b.example", "city=Rome", "annual_revenue=5 EUR")
        let same = try account("display_name= Am\u{e9}lie ", "email=A@b.example", "annual_revenue=5,00 EUR")
        #expect(BroughtIDs.differences(same, stored) == [])
        let other = try account("display_name=Amelie", "city=Rome", "region=X")
        #expect(BroughtIDs.differences(other, stored) == ["display_name", "region"])
    }

    /// The record has more of them than the row, in another order: by defaults, formulas, and what was typed for a phone number.
    @Test func fieldsOfTheWorkspaceAreComparedOneByOne() {
        let stored = Account(customFields: [
            CustomField(name: "grade", stringValue: "B"), CustomField(name: "size", intValue: 42),
            CustomField(name: "hours", doubleValue: 2), CustomField(name: "line", stringValue: "+49301234567"),
            CustomField(name: "line_typed", stringValue: "030 123 45 67"),
            CustomField(name: "site", stringValue: "https://example.com"),
            CustomField(name: "sports", stringValues: ["judo", "golf"]), CustomField(name: "score", intValue: 7),
        ]).message()
        func differences(_ fields: CustomField...) -> [String] {
            BroughtIDs.differences(Account(customFields: fields).message(), stored)
        }
        let same = differences(
            CustomField(name: "line", stringValue: "030 123 45 67"), CustomField(name: "size", intValue: 42),
            CustomField(name: "hours", intValue: 2), CustomField(name: "site", stringValue: "HTTPS://Example.com"),
            CustomField(name: "sports", stringValues: ["judo", "golf"]))
        #expect(same == [])
        #expect(differences(CustomField(name: "line", stringValue: "+49301234567")) == [])
        let others = differences(
            CustomField(name: "size", intValue: 43), CustomField(name: "grade", stringValue: "B"),
            CustomField(name: "sports", stringValues: ["golf", "judo"]), CustomField(name: "new", intValue: 1),
            CustomField(name: "line", stringValue: "030 99"), CustomField(name: "score", stringValue: "7"))
        #expect(others == ["custom.size", "custom.sports", "custom.new", "custom.line", "custom.score"])
    }

    /// What the service stores in a form of its own counts as it was sent, too.
    @Test func whatIsStoredInAnotherFormIsTheSame() {
        let (one, two) = (RecordID.make().text, RecordID.make().text)
        let account = Account(tagIDs: [one, two], phone: "+49301234567", countryCode: "DE", phoneTyped: "030 1234567")
        let row = Account(tagIDs: [two.uppercased(), one], phone: "030 1234567", countryCode: "de")
        #expect(BroughtIDs.differences(row.message(), account.message()) == [])
        #expect(BroughtIDs.differences(Account(tagIDs: [one]).message(), account.message()) == ["tag_ids"])
        let stored = Contact(contactPoints: [
            ContactPoint(kind: .phone, value: "+49301234567", typed: "030 1234567"),
            ContactPoint(kind: .email, value: "a@example.com"),
        ])
        func contact(_ phone: String, _ mail: String) -> Message {
            Contact(contactPoints: [
                ContactPoint(kind: .phone, value: phone), ContactPoint(kind: .email, value: mail),
            ]).message()
        }
        #expect(BroughtIDs.differences(contact("030 1234567", "a@EXAMPLE.com"), stored.message()) == [])
        #expect(BroughtIDs.differences(contact("+49301234567", "a@example.com"), stored.message()) == [])
        #expect(
            BroughtIDs.differences(contact("030 7", "a@example.com"), stored.message()) == ["contact_points"])
    }
}

/// What the service sets, and what is exported and imported.
@Suite struct RecordCellsTests {
    /// The comments of the proto files are the source.
    @Test func fieldsOfTheServiceAreKnown() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../proto/steward")
            .standardized
        for noun in RecordNouns.all {
            let package = noun.record.name.split(separator: ".")[1]
            let path = "\(package)/v1/\(noun.entry.object)_service.proto"
            let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
            let message = try #require(text.components(separatedBy: "message \(noun.record.shortName) {").last)
            let fields = try #require(message.components(separatedBy: "\n}").first)
            let pattern =
                /\/\/ (?:[^\n]*Set by the service\.|Counts the changes [^\n]*|Came with the workspace;[^\n]*)\n *(?:optional|repeated) \S+ (\w+) =/
            #expect(Set(fields.matches(of: pattern).map { String($0.1) }) == noun.fieldsOfService, "\(noun.name)")
        }
    }

    @Test func createAndUpdateRefuseThem() throws {
        for name in ["version=7", "create_time=2026-01-01", "stage_enter_time=2026-01-01"] {
            #expect(throws: UsageProblem.self) {
                try RecordCommands.refuseFieldsOfService(["display_name=A", name], Deal.noun)
            }
        }
        try RecordCommands.refuseFieldsOfService(["display_name=version=7", "id=x"], Deal.noun)
        let help = RecordCommands.fieldList(User.noun)
        #expect(!help.contains("last_sign_in_time") && help.contains("role=NAME (or role_ids)"))
    }

    @Test func columnsOfThemAreLeftOut() throws {
        let header = try ImportHeader(
            ["id", "version", "Create Time", "display_name", "delete_time"], of: Deal.descriptor)
        #expect(header.leftOut.map(\.name) == ["version", "Create Time", "delete_time"])
    }

    /// Every field of every kind of record, as it is exported, is imported as the same value.
    @Test func cellsComeBackAsTheyWere() throws {
        for noun in RecordNouns.all {
            let record = Message.make(noun.record, in: Arena())
            for field in noun.record.fields { try fill(field, of: record, depth: 0) }
            let back = Message.make(noun.record, in: Arena())
            for field in noun.record.fields {
                try FieldAssignment.set(field.name, to: FieldText.cell(field, of: record), in: back)
            }
            #expect(MessageJSON.text(back) == MessageJSON.text(record), "\(noun.name)")
        }
    }

    private func fill(_ field: FieldDescriptor, of message: Message, depth: Int) throws {
        let text = field.name == "currency_code" ? "EUR" : "a \"b\" [c], {d}\n\(field.name)"
        let value: JSONValue =
            switch field.kind {
            case .string: .string(text)
            case .bytes: .string("AAEC")
            case .bool: .bool(true)
            case .float, .double: .number(0.1)
            case .enumeration(let type): .string(type.values.last?.name ?? "")
            case .message(let type) where type.name == "google.protobuf.Timestamp":
                .string("2026-11-21T09:30:00.123456Z")
            case .message(let type): .object(try parts(type))
            default: .integer(12_345)
            }
        try MessageFill.set(
            field, of: message, to: field.isRepeated ? .array([value, value]) : value, path: field.name)
    }

    private func parts(_ type: MessageDescriptor) throws -> [String: JSONValue] {
        let part = Message.make(type, in: Arena())
        for field in type.fields { try fill(field, of: part, depth: 1) }
        return try JSONDecoder().decode([String: JSONValue].self, from: Data(MessageJSON.text(part).utf8))
    }

    @Test func flagsAreTold() throws {
        let record = Message.make(Contact.descriptor, in: Arena())
        let points =
            #"[{"kind":"EMAIL","value":"o@x.example","label":"work","primary":true,"verified":false,"opted_out":true}]"#
        try FieldAssignment.set("contact_points", to: points, in: record)
        let field = try #require(Contact.descriptor.field("contact_points"))
        #expect(FieldText.text(field, of: record) == "email o@x.example (work, primary, opted out)")
        let problem = #expect(throws: UsageProblem.self) {
            try FieldAssignment.set("contact_points", to: "email o@x.example", in: record)
        }
        #expect(problem?.cure.contains("JSON list") == true)
    }

    @Test func aNameIsNoID() throws {
        let problem = #expect(throws: UsageProblem.self) {
            try ReferenceResolver.checkIDs("role_ids", "Support", in: User.descriptor)
        }
        #expect(problem?.cure.contains("role=") == true)
        try ReferenceResolver.checkIDs("role_ids", "", in: User.descriptor)
        try ReferenceResolver.checkIDs(
            "role_ids", "\(RecordID.make().text), \(RecordID.make().text)", in: User.descriptor)
        #expect(NearNames.of("parent_id", among: Account.descriptor.fields.map(\.name)).contains("parent_account_id"))
    }
}
