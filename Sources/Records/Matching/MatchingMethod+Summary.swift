import AccessControl
import Contracts
import Money
import RPC
import Tenancy
import Wire

extension MatchingMethod {
    /// Characters of a summary.
    static let summaryMax = 1_000

    /// What a job was asked for, as in `city = "Kunming" → owner_id = 019a…`: it holds values, and is for who asked. Nil of a job that
    /// was asked for nothing.
    package func summary(_ checkpoint: [UInt8]) throws -> String? {
        let kept = try MatchingCheckpoint(decoding: checkpoint).request
        guard !kept.isEmpty else { return nil }
        let request = try kept.withUnsafeBytes { try WireCodec.decode($0, as: method.request, arena: Arena()) }
        let text = try reader.summary(request)
        return text.count <= Self.summaryMax ? text : text.prefix(Self.summaryMax - 1) + "…"
    }
}

extension MatchingReader {
    fileprivate func summary(_ request: Message) throws -> String {
        let filter = try selecting(request)
        let values = values(request)
        return "\(filter) → \(values.isEmpty ? "deleted" : values.joined(separator: ", "))"
    }

    private func selecting(_ request: Message) throws -> String {
        if let expression = request.string(expression), !expression.isEmpty { return expression }
        return try request.message(filter).map { try FilterNode($0).text } ?? ""
    }

    /// What the records get.
    private func values(_ request: Message) -> [String] {
        switch newValues {
        case .none: []
        case .fields(let fields):
            fields.filter { request.has($0) }.map { Self.text($0, of: request, as: $0.name) }
        case .record(let sent, let mask):
            request.message(sent).map { record in
                let names = request.strings(mask)
                let tops = names.map { String($0.prefix { $0 != "." }) }
                let fields = record.descriptor.fields.filter { field in
                    field.name != TenantField.all && (names.isEmpty ? record.has(field) : tops.contains(field.name))
                }
                return fields.map { Self.text($0, of: record, as: $0.name) } + Self.customTexts(names, of: record)
            } ?? []
        }
    }

    /// Each custom field that the mask names, or that is sent, by its own name.
    private static func customTexts(_ names: [String], of record: Message) -> [String] {
        guard let list = record.descriptor.field(TenantField.all) else { return [] }
        let items = record.messages(list).map {
            (path: TenantField.prefix + ($0.string(CustomWire.name) ?? ""), item: $0)
        }
        let isWhole = names.isEmpty || names.contains(TenantField.all)
        let paths = isWhole ? items.map(\.path) : names.filter { $0.hasPrefix(TenantField.prefix) }
        return paths.map { path in
            guard let item = items.first(where: { $0.path == path })?.item,
                let value = CustomWire.values.first(where: item.has)
            else { return "\(path) cleared" }
            return text(value, of: item, as: path)
        }
    }

    private static func text(_ field: FieldDescriptor, of record: Message, as name: String) -> String {
        guard record.has(field) else { return "\(name) cleared" }
        if case .enumeration(let values) = field.kind, !field.isRepeated,
            let value = values.name(of: record.int32(field))
        {
            return "\(name) = \(value)"
        }
        if case .message(let type) = field.kind, !field.isRepeated, let money = MoneyFields(type),
            let amount = record.message(field)
        {
            let text = MoneyText.text(
                minorUnits: amount.int64(money.minorUnits), currency: amount.string(money.currency) ?? "")
            return "\(name) = \(text)"
        }
        var writer = JSONWriter()
        writer.write(field, of: record)
        return "\(name) = \(String(decoding: writer.bytes, as: UTF8.self))"
    }
}
