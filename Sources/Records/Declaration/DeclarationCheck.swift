import AccessControl
import Text
import Wire

/// Resolves the rules of a record type against its message and collects what does not fit.
struct DeclarationCheck {
    let message: MessageDescriptor
    let table: String
    let ownership: Ownership
    private(set) var problems: [String] = []

    init(message: MessageDescriptor, table: String, ownership: Ownership) {
        self.message = message
        self.table = table
        self.ownership = ownership
        checkIdentifier(table, what: "table")
    }

    /// The stored fields of the message, of which a constraint makes some unique together.
    mutating func fields(from rules: [FieldRule], _ constraints: [ConstraintRule] = []) -> [RecordField] {
        var byName: [String: FieldRules] = [:]
        for rule in rules {
            if message.field(rule.name) == nil {
                problems.append("\(message.shortName) has no field \(rule.name).")
            }
            if byName.updateValue(FieldRules(rule.traits), forKey: rule.name) != nil {
                problems.append("\(rule.name) has two rules; make them one.")
            }
        }
        for (name, rules) in byName where rules.format == .phone {
            guard let typed = message.field(name + RecordField.typedSuffix), byName[typed.name] == nil else { continue }
            byName[typed.name] = FieldRules(typedOf: name)
        }
        var fields: [RecordField] = []
        var column = 0
        for descriptor in message.fields {
            var rules = byName[descriptor.name] ?? FieldRules()
            if constraints.contains(where: { $0.fields.contains(descriptor.name) }) { rules.isKey = true }
            guard !rules.isDerived, let field = field(descriptor, rules, index: fields.count, column: column)
            else { continue }
            fields.append(field)
            column += field.columns.count
        }
        checkColumns(fields)
        return fields
    }

    private mutating func field(
        _ descriptor: FieldDescriptor, _ rules: FieldRules, index: Int, column: Int
    ) -> RecordField? {
        let isPlainText = rules.text != nil
        guard let kind = ColumnKind(descriptor, isPlainText: isPlainText) else {
            problems.append(
                "\(descriptor.name) has a type that no column holds; make it derived or change its type.")
            return nil
        }
        var role = StandardField(rawValue: descriptor.name)
        if ownership == .shared, [.owner, .department, .shares, .selections].contains(role) { role = nil }
        var rules = rules
        if role == .selections { rules.count = 0...SharingSelections.countMax }
        if role == .tags { rules.count = 0...PolicyTag.keptPerRecordMax }
        let columns = rules.column.map { [$0] } ?? kind.columnNames(for: descriptor.name)
        check(rules, of: descriptor, kind)
        return RecordField(
            index: index, descriptor: descriptor, kind: kind, columns: columns, firstColumn: column,
            rules: rules, role: role,
            typed: rules.format == .phone ? message.field(descriptor.name + RecordField.typedSuffix) : nil)
    }

    private mutating func check(_ rules: FieldRules, of field: FieldDescriptor, _ kind: ColumnKind) {
        let name = field.name
        if rules.text != nil, field.kind != .string {
            problems.append("\(name) is no text, so it has no line, lines or format.")
        }
        if rules.format != nil, rules.declaredText != nil {
            problems.append("\(name) has a format, which limits it already; take line or lines away.")
        }
        switch kind {
        case .text, .textArray: checkLimit(rules, of: field, path: name)
        case .json(let nested) where ![StandardField.customFields, .shares].map(\.rawValue).contains(name):
            checkLimits(rules, of: nested, path: name)
        default: break
        }
        if rules.count != nil, !field.isRepeated {
            problems.append("\(name) is not repeated, so it has no count.")
        }
        if rules.range != nil {
            switch kind {
            case .int32, .int64, .money: break
            default: problems.append("\(name) is neither a whole number nor money, so it has no range.")
            }
        }
        if rules.reference != nil {
            switch kind {
            case .id, .idArray: break
            default: problems.append("\(name) refers to a record but does not hold an id.")
            }
        }
        if rules.pastSince != nil {
            switch kind {
            case .date: break
            default: problems.append("\(name) is no day, so it cannot be past.")
            }
        }
        if rules.isIndexed {
            switch kind {
            case .idArray, .textArray, .json: problems.append("\(name) is no sort key, so it is not indexed.")
            default: break
            }
        }
        if rules.isFoundByPart {
            switch kind {
            case .text where rules.text?.form == .oneLine: break
            case .json where !rules.items.isEmpty: break
            default:
                problems.append("\(name) is no text of one line and no messages with texts, so no part of it is found.")
            }
        }
        if case .money = kind, rules.column != nil {
            problems.append("\(name) has two columns; do not name one.")
        }
        checkItems(rules, of: field)
    }

    /// A text without a limit would be as long as a message.
    private mutating func checkLimit(_ rules: FieldRules, of field: FieldDescriptor, path: String) {
        guard rules.text == nil else { return }
        problems.append("\(path) is a text without a limit: declare it with line, lines or format.")
    }

    private mutating func checkLimits(_ rules: FieldRules, of message: MessageDescriptor, path: String) {
        guard TimestampFields(message) == nil else { return }
        for field in message.fields {
            let nested = rules.items[field.name] ?? FieldRules()
            switch field.kind {
            case .string: checkLimit(nested, of: field, path: "\(path).\(field.name)")
            case .message(let message): checkLimits(nested, of: message, path: "\(path).\(field.name)")
            default: break
            }
        }
    }

    private mutating func checkItems(_ rules: FieldRules, of field: FieldDescriptor) {
        guard !rules.items.isEmpty else { return }
        guard case .message(let nested) = field.kind else {
            problems.append("\(field.name) is no message, so it has no item rules.")
            return
        }
        for name in rules.items.keys.sorted() where nested.field(name) == nil {
            problems.append("\(nested.shortName) has no field \(name).")
        }
    }

    private mutating func checkColumns(_ fields: [RecordField]) {
        var seen: Set<String> = []
        for field in fields {
            for column in field.columns {
                checkIdentifier(column, what: "column of \(field.name)")
                if !seen.insert(column).inserted { problems.append("Two fields share the column \(column).") }
            }
        }
    }

    /// Checks that the constraints name fields that exist.
    mutating func check(_ constraints: [ConstraintRule]) {
        for constraint in constraints {
            if constraint.fields.isEmpty {
                problems.append("The constraint \(constraint.name) names no field.")
            }
            for field in constraint.fields where message.field(field) == nil {
                problems.append(
                    "The constraint \(constraint.name) names \(field), which \(message.shortName) lacks.")
            }
        }
    }

    /// Checks that wholes are records of the service.
    mutating func check(_ purge: PurgeRules, _ fields: [RecordField]) {
        for name in purge.partOf {
            guard case .record = fields.first(where: { $0.name == name })?.rules.reference else {
                problems.append(
                    "\(message.shortName) is no part of what \(name) names: that is no record of the service.")
                continue
            }
        }
    }

    /// Finds the fields that every record has. Where one is missing another stands in, and the problem keeps the
    /// engine from starting.
    mutating func standardFields(of fields: [RecordField], _ sharing: ReaderRule?) -> StandardFields {
        guard let first = fields.first else {
            preconditionFailure("\(message.name) has no field that can be stored")
        }
        func find(_ role: StandardField) -> RecordField? { fields.first { $0.role == role } }
        func need(_ role: StandardField, _ problems: inout [String]) -> RecordField {
            if let field = find(role) { return field }
            problems.append("\(message.shortName) lacks the field \(role.rawValue).")
            return first
        }
        if ownership == .owned, find(.owner) == nil || find(.department) == nil {
            problems.append(
                "\(message.shortName) lacks owner_id or department_id; add them or declare it shared.")
        }
        return StandardFields(
            id: need(.id, &problems), version: need(.version, &problems),
            createTime: need(.createTime, &problems),
            updateTime: need(.updateTime, &problems), deleteTime: need(.deleteTime, &problems),
            owner: find(.owner), department: find(.department),
            sharing: sharing.map { self.sharing($0, fields) } ?? find(.shares).map { .shares($0) },
            tags: find(.tags), selections: find(.selections))
    }

    /// The fields by which records are shared; nil where one is missing or is of another kind.
    private mutating func sharing(_ rule: ReaderRule, _ fields: [RecordField]) -> Sharing? {
        func find(_ name: String) -> RecordField? { fields.first { $0.name == name } }
        guard ownership == .owned, let everybody = find(rule.everybody), case .bool = everybody.kind,
            let departments = find(rule.departments), case .idArray = departments.kind,
            let roles = find(rule.roles), case .idArray = roles.kind
        else {
            problems.append(
                "\(message.shortName) is not owned, or lacks a truth value and two lists of ids by which it is shared.")
            return nil
        }
        return .readers(everybody: everybody, departments: departments, roles: roles)
    }

    /// Identifiers go into SQL as they are: lower snake case, at most 50 bytes (Citus appends to longer ones), no key
    /// word.
    private mutating func checkIdentifier(_ name: String, what: String) {
        let letters = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let startsWell = name.first.map { $0.isLetter || $0 == "_" } ?? false
        if !letters || !startsWell || name.utf8.count > 50 {
            problems.append(
                "The \(what) cannot be called \(name): use lower snake case of at most 50 characters.")
        }
        if DeclarationCheck.reservedWords.contains(name) {
            problems.append(
                "The \(what) cannot be called \(name), a key word of SQL: add .column(\"other_name\").")
        }
    }

    /// Key words that PostgreSQL refuses as a bare column or table name.
    private static let reservedWords: Set<String> = [
        "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization",
        "binary",
        "both", "case", "cast", "check", "collate", "collation", "column", "concurrently", "constraint",
        "create",
        "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time",
        "current_timestamp", "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end",
        "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant", "group", "having",
        "ilike",
        "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left",
        "like",
        "limit", "localtime", "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only",
        "or",
        "order", "outer", "overlaps", "placing", "primary", "references", "returning", "right", "select",
        "session_user", "similar", "some", "symmetric", "table", "tablesample", "then", "to", "trailing",
        "true",
        "union", "unique", "user", "using", "variadic", "verbose", "when", "where", "window", "with",
    ]
}
