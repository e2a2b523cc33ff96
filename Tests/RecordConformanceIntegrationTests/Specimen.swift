import RPC
import ServiceHost
import Tenancy
import TestService
import Wire

@testable import Records

extension Bench {
    /// Fields whose values depend on others in ways that no declaration tells; each is tested in its own service.
    private static let left: [String: Set<String>] = [
        "deal": ["pipeline_id", "stage_id", "outcome_reason"], "pipeline": ["default_pipeline"],
        "account_contact": ["primary_contact"], "account": ["parent_account_id"],
    ]

    /// The fields of the type that a specimen has: those that a client may set.
    var fields: [RecordField] {
        type.fields.filter {
            $0.role == nil && !$0.isOutputOnly && Self.left[type.object]?.contains($0.name) != true
        }
    }

    /// A record of the type, stored by the admin, with a value in each of `fields`; what it refers to is made.
    func specimen(_ number: Int, as user: UserID? = nil, requestID: String? = nil) async throws -> Message {
        try await create(try await draft(number), as: user, requestID: requestID)
    }

    /// The same, not stored yet.
    func draft(_ number: Int) async throws -> Message {
        let record = Message.make(type.message, in: Arena())
        for field in fields { try await fill(field, of: record, number) }
        return record
    }

    /// What stands in every text of a specimen and nowhere else.
    static func canary(_ field: RecordField, _ number: Int) -> String { "kiwi\(field.index)x\(number)" }

    private func fill(_ field: RecordField, of record: Message, _ number: Int) async throws {
        let descriptor = field.descriptor
        switch field.kind {
        case .text: record.setString(descriptor, text(field, number))
        case .textArray: record.setStrings(descriptor, [text(field, number)])
        case .id:
            guard let id = try await reference(field, number) else { return }
            record.setString(descriptor, id)
        case .int32: record.setInt32(descriptor, Int32(clamping: self.number(field, number)))
        case .int64: record.setInt64(descriptor, self.number(field, number))
        case .double: record.setDouble(descriptor, Double(self.number(field, number)))
        case .time(let parts): record.makeMessage(descriptor).setInt64(parts.seconds, 1_900_000_000 + Int64(number))
        case .date: record.setString(descriptor, CalendarDay(daysSince1970: 7_000 + number).text)
        case .enumeration(let values): record.setInt32(descriptor, values.values.first { $0.number > 0 }?.number ?? 0)
        case .money(let parts):
            let money = record.makeMessage(descriptor)
            money.setInt64(parts.minorUnits, self.number(field, number))
            money.setString(parts.currency, "EUR")
        case .json(let message) where descriptor.isRepeated:
            record.setMessages(descriptor, [item(of: message, field, number, in: record.arena)])
        case .bool, .idArray, .json: return
        }
    }

    private func text(_ field: RecordField, _ number: Int) -> String {
        let canary = Self.canary(field, number)
        return switch field.rules.format {
        case .email: "\(canary)@example.com"
        case .phone: "+49 30 \(7_654_300 + number)"
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
            case .string: item.setString(part, "\(Self.canary(field, number))@example.com")
            case .enumeration(let values): item.setInt32(part, values.values.first { $0.number > 0 }?.number ?? 0)
            default: continue
            }
        }
        return item
    }

    private func reference(_ field: RecordField, _ number: Int) async throws -> String? {
        switch field.rules.reference {
        case .record(let object):
            guard let other = subject.definition.records.first(where: { $0.object == object }) else { return nil }
            let bench = Bench(subject: Subject(definition: subject.definition, type: other), service: service)
            // Numbers of their own, so that unique values of several specimens do not meet.
            return try await bench.specimen(number * 100 + field.index).named("id")
        case .remote(let object, _): return service.foreign.make(object).text
        case .user, .department, nil: return nil
        }
    }
}
