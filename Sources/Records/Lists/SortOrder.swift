import RPC

/// The order of a list: up to three keys, then the id, so that no two records stand in the same place.
struct SortOrder: Sendable {
    static let keyCountMax = 3

    struct Key: Sendable {
        let target: FilterTarget
        let isDescending: Bool
        /// SQL of the value.
        let expression: String
    }

    /// The keys; the id is one of them.
    let keys: [Key]

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
                .orderInvalid,
                "\(text.quoted) is no sort key of \(type.object): give a field name, and desc to turn it round.",
                field: place)
        }
        return Key(target: target, isDescending: direction, expression: column)
    }

    private static func direction(_ word: Substring?) -> Bool? {
        switch word?.lowercased() {
        case nil, "asc": false
        case "desc": true
        default: nil
        }
    }

    /// The ORDER BY list. What is not set comes last, and first when turned round, as an index of PostgreSQL has it.
    var sql: String {
        keys.map { $0.isDescending ? "\($0.expression) DESC" : $0.expression }.joined(separator: ", ")
    }
}

extension FilterTarget {
    var isSortable: Bool {
        switch type {
        case .opaque: false
        default: true
        }
    }

    /// The column can hold NULL. The standard columns cannot.
    var isNullable: Bool {
        switch field.role {
        case .id, .version, .createTime, .updateTime, .owner: false
        default: true
        }
    }
}
