import AccessControl
import Contracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Wire

@testable import Records

extension Bench {
    /// The fields of the type that a specimen has: those that a client may set.
    var fields: [RecordField] {
        type.fields.filter {
            ($0.role == nil || $0.role == .tags) && !$0.isOutputOnly && Exemption.of($0, type) == nil
        }
    }

    /// A record of the type, stored by the admin, with a value in each of `fields`; what it refers to is made.
    func specimen(_ number: Int, as user: UserID? = nil, requestID: String? = nil) async throws -> Message {
        try await create(try await draft(number), as: user, requestID: requestID)
    }

    /// The same, not stored yet.
    ///
    /// - Parameter isRoot: refers to no other record of its type, so that trees end.
    func draft(_ number: Int, isRoot: Bool = false) async throws -> Message {
        let record = Message.make(type.message, in: Arena())
        for field in fields where !(isRoot && field.rules.reference == .record(type.object)) {
            try await fill(field, of: record, number)
        }
        return record
    }

    /// What stands in every text of a specimen and nowhere else.
    static func canary(_ field: RecordField, _ number: Int) -> String { "kiwi\(field.index)x\(number)z" }

    private func fill(_ field: RecordField, of record: Message, _ number: Int) async throws {
        let descriptor = field.descriptor
        switch field.kind {
        case .text: record.setString(descriptor, text(field, number))
        case .textArray: record.setStrings(descriptor, [text(field, number)])
        case .bool: record.setBool(descriptor, true)
        case .idArray where field.role == .tags:
            record.setStrings(descriptor, [service.makeTag(forAll: true, id: Self.tagID(number))])
        case .idArray:
            guard let object = Listed.objects["\(type.object).\(field.name)"] else { return }
            record.setStrings(descriptor, [try await reference(to: object, field, number)])
        case .id:
            guard let id = try await reference(field, number) else { return }
            record.setString(descriptor, id)
        case .int32: record.setInt32(descriptor, Int32(clamping: self.number(field, number)))
        case .int64: record.setInt64(descriptor, self.number(field, number))
        case .double: record.setDouble(descriptor, Double(self.number(field, number)))
        case .time(let parts): record.makeMessage(descriptor).setInt64(parts.seconds, 1_900_000_000 + Int64(number))
        case .date: record.setString(descriptor, CalendarDay(daysSince1970: 7_000 + number % 10_000).text)
        case .enumeration(let values): record.setInt32(descriptor, values.values.first { $0.number > 0 }?.number ?? 0)
        case .money(let parts):
            let money = record.makeMessage(descriptor)
            money.setInt64(parts.minorUnits, self.number(field, number))
            money.setString(parts.currency, "EUR")
        case .json(let message) where descriptor.isRepeated:
            record.setMessages(descriptor, [item(of: message, field, number, in: record.arena)])
        case .json: return
        }
    }

    /// The tag of a specimen.
    static func tagID(_ number: Int) -> RecordID { RecordID(high: 0x7a9, low: UInt64(number + 1)) }

    private func text(_ field: RecordField, _ number: Int) -> String {
        let canary = Self.canary(field, number)
        if let known = Listed.texts["\(type.object).\(field.name)"] ?? field.rules.choices?.entries.first?.value {
            return known
        }
        return switch field.rules.format {
        case .email: "\(canary)@example.com"
        case .phone: "+4930\(7_000_000 + 1_000 * field.index + number)"
        case .url: "https://\(canary).example"
        case .country: "DE"
        case .currency: "EUR"
        case .language: "de"
        case .timeZone: "Europe/Berlin"
        case nil: canary
        }
    }

    private func number(_ field: RecordField, _ number: Int) -> Int64 {
        let range = field.rules.range ?? 1...1_000_000
        return min(range.lowerBound + 40 + Int64(number), range.upperBound)
    }

    private func item(
        of message: MessageDescriptor, _ field: RecordField, _ number: Int, in arena: Arena
    ) -> Message {
        let item = Message.make(message, in: arena)
        for part in message.fields {
            switch part.kind {
            case .string:
                let known = Listed.texts["\(type.object).\(field.name).\(part.name)"]
                item.setString(part, known ?? "\(Self.canary(field, number))@example.com")
            case .enumeration(let values): item.setInt32(part, values.values.first { $0.number > 0 }?.number ?? 0)
            default: continue
            }
        }
        return item
    }

    private func reference(_ field: RecordField, _ number: Int) async throws -> String? {
        switch field.rules.reference {
        case .record(let object): try await reference(to: object, field, number)
        case .remote(let object, _): service.foreign.make(object).text
        case .user, .department, nil: nil
        }
    }

    /// Another record of the service. Its number is its own, so that unique values of several specimens do not meet.
    private func reference(to object: String, _ field: RecordField, _ number: Int) async throws -> String {
        guard let other = service.definition.records.first(where: { $0.object == object }) else {
            preconditionFailure("\(type.object).\(field.name) refers to \(object), which the service does not keep")
        }
        let bench = Bench(type: other, service: service)
        let draft = try await bench.draft(number * 1_000 + field.index, isRoot: other === type)
        // It comes back with defaults of custom fields, of which the declared type knows nothing.
        let answer = try await service.call(bench.methods.create) { $0.put([draft], of: bench) }
        return answer.records(of: other.message.base).first?.named("id") ?? ""
    }
}

/// What a declaration does not tell of the values that a field takes.
enum Listed {
    /// The type of the records whose ids a list holds.
    static let objects = ["user.role_ids": "role", "sharing_rule.role_ids": "role", "validation_rule.role_ids": "role"]
    /// Texts in items that are words of the service.
    static let texts = [
        "role.grants.object": "account", "role.grants.action": "read", "role.field_policies.object": "account",
        "role.field_policies.field": "city", "field_definition.object": "account",
        "field_definition.labels.language_code": "de", "field_definition.labels.display_name": "Kiwi",
        "field_definition.labels.description": "Kiwi",
        "saved_view.object": "account", "saved_view.filter_expression": "city = Kiwi", "saved_view.columns": "city",
        "account.industry": "kiwi bound", "choice_list.labels.language_code": "de",
        "choice_list.labels.display_name": "Kiwi",
        "choice_list.labels.description": "Kiwi",
        "saved_view.order_by": "city desc", "tag.colour": "#1e90ff", "sharing_rule.object": "account",
        "sharing_rule.filter_expression": "city = Kiwi", "validation_rule.object": "account",
        "validation_rule.condition": "city = 'Kiwi'", "validation_rule.field": "region",
        "validation_rule.messages.language_code": "de",
    ]
}

/// A field that a specimen goes without, since its value depends on others in a way that no declaration tells. Each is tested in its own
/// service.
struct Exemption {
    let name: String
    let reason: String

    static let all = [
        Exemption(name: "deal.pipeline_id", reason: "that of the stage"),
        Exemption(name: "deal.stage_id", reason: "must be one of the pipeline, and changes by MoveDealStage"),
        Exemption(name: "deal.outcome_reason", reason: "only lost and won deals have one, and the lost need it"),
        Exemption(name: "pipeline.default_pipeline", reason: "one pipeline has it, and is not deleted"),
        Exemption(name: "object_definition.number_format", reason: "few texts are formats"),
        Exemption(name: "field_definition.value_min", reason: "only numbers have one"),
        Exemption(name: "field_definition.value_max", reason: "only numbers have one"),
        Exemption(name: "field_definition.decimals", reason: "only numbers have them"),
        Exemption(name: "field_definition.reference_object", reason: "only a reference names some"),
        Exemption(name: "field_definition.formula", reason: "what gives its values takes no rules"),
        Exemption(
            name: "field_definition.indexed", reason: "of an object so many specimens as the tests need may not be"),
        Exemption(name: "field_definition.roll_up", reason: "what gives its values takes no rules"),
        Exemption(name: "field_definition.choices", reason: "only a choice has some"),
        Exemption(name: "field_definition.choice_list", reason: "only a choice names one, which has to be there"),
        Exemption(name: "choice_list.entries", reason: "a colour and a successor are no texts of any form"),
        Exemption(
            name: "choice_list.bound_fields", reason: "a list that has some is not deleted, and no other has them"),
        Exemption(name: "sharing_rule.parent_object", reason: "a rule that has one names nobody"),
        Exemption(name: "validation_rule.locked_fields", reason: "only a lock has some"),
        Exemption(name: "saved_view.default_view", reason: "one view of an owner and object has it"),
        Exemption(name: "saved_view.shared_with_all", reason: "whoever reads any view would read it"),
        Exemption(name: "saved_view.shared_role_ids", reason: "only who updates the views of all shares with roles"),
        Exemption(name: "tag.shared_with_all", reason: "whoever reads any tag would read it"),
        Exemption(name: "tag.shared_role_ids", reason: "only who updates the tags of all shares with roles"),
        Exemption(name: "account_contact.primary_contact", reason: "one link of an account has it"),
    ]

    static func of(_ field: RecordField, _ type: RecordType) -> Exemption? {
        all.first { $0.name == "\(type.object).\(field.name)" }
    }
}
