import AccessControl
import Contracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

@testable import Records

/// Comparing with what a policy hides would tell it, whichever way it is compared.
extension ConformanceTests {
    /// What whoever reads all may ask, who may not read the field is refused.
    @Test(arguments: Subject.all) func hiddenFieldsAreComparedInNoWay(_ subject: Subject) async throws {
        try await subject.run { bench in
            let made = try await bench.specimen(1)
            for field in bench.fields where made.has(field.descriptor) {
                let requests = try await bench.requests(comparing: field, of: made)
                for level in [FieldLevel.none, .masked] {
                    let user = bench.user(hiding: field.name, level)
                    for request in requests {
                        try await expect("FIELD_NOT_READABLE", "\(level): \(request)") {
                            try await bench.list(as: user, request.write(to:))
                        }
                    }
                }
            }
        }
    }
}

/// A way to ask a list for a comparison with a field.
private enum Comparing {
    case filter(String)
    case order(String)

    func write(to request: Message) {
        switch self {
        case .filter(let text): request.set("filter_expression", text)
        case .order(let key): request.setList("order_by", [key])
        }
    }
}

extension Bench {
    /// Filters and sort keys with a field and with each of its parts, as far as the admin may have them.
    fileprivate func requests(comparing field: RecordField, of record: Message) async throws -> [Comparing] {
        var allowed: [Comparing] = []
        for path in [field.name] + parts(of: field).map({ "\(field.name).\($0)" }) {
            let target = FilterTarget(path, in: type)
            let literal = target.flatMap { self.literal($0, of: record) }
            let filters = ["\(path) is set"] + (literal.map { comparisons(path, with: $0) } ?? [])
            let orders = [Comparing.order(path), .order("\(path) desc")]
            let known = allowed.count
            for request in filters.map({ Comparing.filter($0) }) + orders {
                let error = try await refused { try await list(request.write(to:)) }
                if error == nil { allowed.append(request) }
            }
            // At least these: `is set`, and if it has values to compare =, !=, in and not.
            #expect(allowed.count - known >= (literal == nil ? 1 : 5), "\(path) is compared by whoever may read it")
        }
        return allowed
    }

    private func comparisons(_ path: String, with literal: String) -> [String] {
        ["=", "!=", "<", "<=", ">", ">=", "~", "^="].map { "\(path) \($0) \(literal)" }
            + ["\(path) in (\(literal))", "not \(path) = \(literal)"]
    }

    private func parts(of field: RecordField) -> [String] {
        switch field.kind {
        case .money(let parts): [parts.minorUnits.name, parts.currency.name]
        case .json(let message): message.fields.map(\.name)
        default: []
        }
    }

    /// What a record holds at a path, as filters write it; nil where nothing can be compared.
    private func literal(_ target: FilterTarget, of record: Message) -> String? {
        switch target.type {
        case .text, .id, .date, .time, .money: text(target, of: record).map { "\"\($0)\"" }
        case .integer, .number: "41"
        case .flag: "true"
        case .enumeration(let values): values.values.first { $0.number > 0 }?.name
        case .opaque: nil
        }
    }

    private func text(_ target: FilterTarget, of record: Message) -> String? {
        switch target.values(in: record).first {
        case .text(let text): text
        case .id(let id): id.text
        case .date(let day): day.text
        case .time(let time): time.text
        case .money(let minorUnits, let currency): "\(minorUnits / 100).00 \(currency)"
        default: nil
        }
    }
}
