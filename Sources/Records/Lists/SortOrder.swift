import RPC
import Text
import Wire

/// The order of a list: up to three keys, then the id, so that no two records stand in the same place.
struct SortOrder: Sendable {
    static let keyCountMax = 3

    struct Key: Sendable {
        let target: FilterTarget
        let isDescending: Bool
        /// Records may lack the value.
        let isNullable: Bool
        /// SQL of the value: a text in the order of people.
        let expression: String
    }

    /// The keys; the id is one of them.
    let keys: [Key]

    private init(keys: [Key]) {
        self.keys = keys
    }

    /// Reads `order_by`: each a field name, or one followed by " desc" or " asc". Without any, the newest comes first.
    /// Throws INVALID_ARGUMENT, or PERMISSION_DENIED for a field that the caller may not fully read.
    init(_ texts: [String], of type: RecordType, rights: FieldRights) throws {
        try SortOrder.check(count: texts.count)
        var keys: [Key] = []
        for (index, text) in (texts.isEmpty ? ["create_time desc"] : texts).enumerated() {
            let key = try SortOrder.key(text, of: type, place: "order_by[\(index)]")
            // The default order tells nothing that the caller could choose.
            if !texts.isEmpty { try rights.requireReadable(key.target.field) }
            if keys.contains(where: { $0.expression == key.expression }) {
                throw RecordErrors.invalid(
                    .orderInvalid, "\(text) occurs twice.", field: "order_by[\(index)]")
            }
            keys.append(key)
        }
        if let last = keys.last, !keys.contains(where: { $0.target.field.role == .id }) {
            keys.append(try SortOrder.key(last.isDescending ? "id desc" : "id", of: type, place: "order_by"))
        }
        self.keys = keys
    }

    /// Throws INVALID_ARGUMENT for too many keys: before they are looked at.
    static func check(count: Int) throws {
        guard count > keyCountMax else { return }
        throw RecordErrors.invalid(
            .orderInvalid, "There are \(count) sort keys; at most \(keyCountMax) are allowed.", field: "order_by")
    }

    private static func key(_ text: String, of type: RecordType, place: String) throws -> Key {
        let words = text.utf8.count > MessageLimits.quotedBytesMax ? [] : text.split(separator: " ")
        guard let path = words.first, words.count <= 2, let direction = direction(words.dropFirst().first),
            let target = FilterTarget(String(path), in: type), case .column(let column) = target.place,
            target.isSortable
        else {
            throw RecordErrors.invalid(
                .orderInvalid, "\(text.quoted) is no sort key of \(type.object): \(cure(words.first, of: type)).",
                field: place)
        }
        return Key(
            target: target, isDescending: direction, isNullable: target.isNullable,
            expression: target.type.orderExpression(column))
    }

    private static func cure(_ path: Substring?, of type: RecordType) -> String {
        guard let field = path.flatMap({ type.field(String($0)) }), case .money(let parts) = field.kind else {
            return "give a field name, and desc to turn it round"
        }
        let names = [parts.currency, parts.minorUnits].map { "\(field.name).\($0.name)" }
        return "amounts of several currencies have no order; give \(names[0]), \(names[1]) or both"
    }

    private static func direction(_ word: Substring?) -> Bool? {
        switch word?.lowercased() {
        case nil, "asc": false
        case "desc": true
        default: nil
        }
    }

    /// The ORDER BY list. What is not set comes last, whichever way the order goes.
    var sql: String {
        keys.map { key in
            guard key.isDescending else { return key.expression }
            return key.isNullable ? "\(key.expression) DESC NULLS LAST" : "\(key.expression) DESC"
        }.joined(separator: ", ")
    }

    /// The order among records that all have the first key, or all lack it.
    var amongEqualPresence: SortOrder {
        let first = keys[0]
        let certain = Key(
            target: first.target, isDescending: first.isDescending, isNullable: false, expression: first.expression)
        return SortOrder(keys: [certain] + keys.dropFirst())
    }

    /// The order by all keys but the first.
    var withoutFirst: SortOrder { SortOrder(keys: Array(keys.dropFirst())) }

    /// Whether an index has the records by the first key, those that lack it at its end.
    var splitsAtPresence: Bool { keys[0].isNullable && keys[0].target.isIndexed }
}

extension FilterTarget {
    /// Notes of several lines are no sort key: a page token carries the values of its keys.
    var isSortable: Bool {
        switch type {
        case .opaque, .money: false
        case .text: field.rules.text?.form != .multiLine
        default: true
        }
    }

    /// It is the column that the index of an indexed field is on: of money, the amount.
    var isIndexed: Bool {
        guard case .column(let column) = place else { return false }
        return field.rules.isIndexed && column == field.column
    }

    /// The column can hold NULL.
    var isNullable: Bool { !field.isAlwaysSet }
}

extension FilterTarget.ValueType {
    /// SQL of a value to sort by and to compare with < and >: texts in the order of people.
    func orderExpression(_ expression: String) -> String {
        if case .text = self { "\(expression) COLLATE \(TextOrder.collation)" } else { expression }
    }
}
