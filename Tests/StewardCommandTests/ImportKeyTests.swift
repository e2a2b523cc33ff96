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
