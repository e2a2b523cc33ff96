import RPC
import Text
import Wire

/// The order of a list: up to three keys, then the id, so that no two records stand in the same place.
struct SortOrder: Sendable {
    static let keyCountMax = 3

    struct Key: Sendable {
        /// As the client wrote it.
        let path: String
        /// In the record, or in the one that it names.
        let target: FilterTarget
        let isDescending: Bool
        /// Records may lack the value.
        var isNullable: Bool
        /// SQL of the value: a text in the order of people.
        let expression: String
        /// The order of its texts that was asked for; nil for that of the root.
        let textOrder: TextOrder?
        /// The place of a value that is another record's among those that the source adds; nil for one of the record's own.
        let addedColumn: Int?

        /// An index has the records by it.
        var isIndexed: Bool {
            target.isIndexed && (textOrder.map { $0.collation == TextOrder.root.collation } ?? true)
        }
    }

    /// The keys; the id is one of them.
    let keys: [Key]
    /// Has the values of the keys.
    let source: RecordSource

    private init(keys: [Key], source: RecordSource) {
        (self.keys, self.source) = (keys, source)
    }

    /// Reads `order_by` with the rights of a call on the type and on records that it names.
    init(_ texts: [String], _ call: RecordCall) throws {
        try self.init(
            texts, of: call.type, rights: call.rights, workspace: call.textOrder, following: call.following)
    }

    /// Reads `order_by`: each a field name, or the path of a field of a record that is named, or one followed by " desc" or " asc"; before
    /// that a text takes " collate " and the name of an order.
    /// Without any, the newest comes first.
    /// Throws INVALID_ARGUMENT, or PERMISSION_DENIED for a field that the caller may not fully read.
    init(
        _ texts: [String], of type: RecordType, rights: FieldRights, workspace: TextOrder = .root,
        following: ReferencePath.Following = { _ in nil }
    ) throws {
        try SortOrder.check(count: texts.count)
        var keys: [Key] = []
        var source = RecordSource(type)
        for (index, text) in (texts.isEmpty ? ["create_time desc"] : texts).enumerated() {
            let asked = try SortOrder.asked(text, of: type, place: "order_by[\(index)]", workspace)
            let key =
                if let path = try ReferencePath(asked.path, from: type, rights, following) {
                    try SortOrder.key(asked, of: path, adding: &source)
                } else { try SortOrder.key(asked, of: type) }
            // The default order tells nothing that the caller could choose.
            if !texts.isEmpty, key.addedColumn == nil { try rights.requireReadable(key.target.field) }
            if keys.contains(where: { $0.path == key.path }) {
                throw RecordErrors.invalid(
                    .orderInvalid, "\(text) occurs twice.", field: "order_by[\(index)]")
            }
            keys.append(key)
        }
        if let last = keys.last, !keys.contains(where: { $0.addedColumn == nil && $0.target.field.role == .id }) {
            let id = last.isDescending ? "id desc" : "id"
            keys.append(try SortOrder.key(SortOrder.asked(id, of: type, place: "order_by", workspace), of: type))
        }
        self.init(keys: keys, source: source)
    }

    /// What a page token is bound to: the order of the workspace's language may be another one when the next page is asked for.
    static func bound(_ texts: [String], _ call: RecordCall) -> [String] {
        texts.map { text in
            var words = text.split(separator: " ")
            guard words.count > 2, words[1].lowercased() == "collate", words[2].lowercased() == SortKey.workspaceOrder
            else {
                return text
            }
            words[2] = Substring(call.textOrder.collation)
            return words.joined(separator: " ")
        }
    }

    /// Throws INVALID_ARGUMENT for too many keys: before they are looked at.
    static func check(count: Int) throws {
        guard count > keyCountMax else { return }
        throw RecordErrors.invalid(
            .orderInvalid, "There are \(count) sort keys; at most \(keyCountMax) are allowed.", field: "order_by")
    }

    /// A sort key as it was asked for.
    private struct Asked {
        let path: String
        let isDescending: Bool
        let textOrder: TextOrder?
        /// INVALID_ARGUMENT with ORDER_INVALID, for a path that is no sort key.
        let refusal: RPCError
    }

    private static func asked(
        _ text: String, of type: RecordType, place: String, _ workspace: TextOrder
    ) throws -> Asked {
        let words = text.utf8.count > MessageLimits.quotedBytesMax ? [] : text.split(separator: " ")
        let refusal = RecordErrors.invalid(
            .orderInvalid, "\(text.quoted) is no sort key of \(type.object): \(cure(words.first, of: type)).",
            field: place)
        guard let key = SortKey(words) else { throw refusal }
        if let problem = key.orderProblem { throw RecordErrors.invalid(.orderInvalid, problem, field: place) }
        return Asked(
            path: key.path, isDescending: key.isDescending, textOrder: key.textOrder(workspace), refusal: refusal)
    }

    /// A field of the type itself.
    private static func key(_ asked: Asked, of type: RecordType) throws -> Key {
        let (target, column) = try sortable(asked.path, of: type, asked)
        return Key(
            path: asked.path, target: target, isDescending: asked.isDescending, isNullable: target.isNullable,
            expression: target.type.orderExpression(column, asked.textOrder), textOrder: asked.textOrder,
            addedColumn: nil)
    }

    /// A field of a record that is named. Which record is there, and so whether it has a value, is not known.
    private static func key(_ asked: Asked, of path: ReferencePath, adding source: inout RecordSource) throws -> Key {
        let (target, column) = try sortable(path.rest, of: path.call.type, asked)
        try path.call.rights.requireReadable(target.field)
        let index = source.added.count
        return Key(
            path: asked.path, target: target, isDescending: asked.isDescending, isNullable: true,
            expression: target.type.orderExpression(source.add(column, of: path), asked.textOrder),
            textOrder: asked.textOrder, addedColumn: index)
    }

    private static func sortable(
        _ path: String, of type: RecordType, _ asked: Asked
    ) throws -> (target: FilterTarget, column: String) {
        guard let target = FilterTarget(path, in: type), let column = target.sortColumn else { throw asked.refusal }
        if asked.textOrder != nil { guard case .text = target.type else { throw asked.refusal } }
        return (target, column)
    }

    private static func cure(_ path: Substring?, of type: RecordType) -> String {
        guard let field = path.flatMap({ type.field(String($0)) }), case .money(let parts) = field.kind else {
            return "give a field name, and desc to turn it round"
        }
        let names = [parts.currency, parts.minorUnits].map { "\(field.name).\($0.name)" }
        return "amounts of several currencies have no order; give \(names[0]), \(names[1]) or both"
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
        var first = keys[0]
        first.isNullable = false
        return SortOrder(keys: [first] + keys.dropFirst(), source: source)
    }

    /// The order by all keys but the first.
    var withoutFirst: SortOrder { SortOrder(keys: Array(keys.dropFirst()), source: source) }

    /// Whether an index has the records by the first key, those that lack it at its end.
    var splitsAtPresence: Bool { keys[0].addedColumn == nil && keys[0].isNullable && keys[0].isIndexed }

    /// Whether an index has the records in this order, so that a page is found without looking at all of them. That of living records does
    /// not have the deleted ones.
    func followsAnIndex(_ lifetime: Lifetime) -> Bool {
        guard keys[0].addedColumn == nil else { return false }
        switch keys[0].target.field.role {
        case .id: return true
        case .createTime: return isOneKey && lifetime == .living
        default: return isOneKey && lifetime == .living && keys[0].isIndexed
        }
    }

    /// It goes by one key and the id.
    private var isOneKey: Bool { keys.count <= 2 && keys.last?.target.field.role == .id }
}

extension FilterTarget {
    /// SQL of the values that lists are ordered by; nil for what is no sort key. Notes of several lines are none: a page token carries the
    /// values of its keys.
    var sortColumn: String? {
        guard case .column(let column) = place else { return nil }
        switch type {
        case .opaque, .money: return nil
        case .text: return field.rules.text?.form == .multiLine ? nil : column
        default: return column
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
    func orderExpression(_ expression: String, _ order: TextOrder? = nil) -> String {
        if case .text = self { "\(expression) COLLATE \((order ?? .root).collation)" } else { expression }
    }
}
