package import AccessControl
package import Contracts
import Postgres
package import Tenancy
package import Wire

/// A kind of records: what the catalogue knows of its message, and what is special about the fields. Announcing the message
/// (the option steward.catalogue.v1.record) and declaring the type is all it takes to offer the standard methods.
///
///     static let type = RecordType(
///         Account.self,
///         fields: [
///             .field("display_name", .required, .line(200)),
///             .field("external_id", .line(100), .unique("accounts_external_id_key")),
///             .field("parent_account_id", .reference(.record("account"))),
///         ],
///         rules: RecordRules(guard: refuseCycle))
///
/// Give the types to a `RecordEngine`, then `register` its methods. What the standard methods cannot do is a custom method: it runs `engine.transaction`, in which it loads (authorised and locked), changes and
/// stores records, each with its ledger row, and may run SQL of its own.
///
/// Every field of the message is a column unless its rule says `.derived`. The standard fields (id, version,
/// create_time, update_time, delete_time, custom_fields, and for owned records owner_id and department_id) need no
/// rule. What does not fit is collected in `problems` and refused by `RecordEngine.init`.
package final class RecordType: Sendable {
    package let message: MessageDescriptor
    /// What the catalogue says of it.
    let entry: RecordEntry
    /// Name in grants, as in `account`; `custom.project` for an object that a workspace has defined.
    package let object: String
    /// As in `accounts`.
    let plural: String
    package let table: String
    package let ownership: Ownership
    /// The service whose records they are, of which some fields are kept here as it tells them; nil for records of this one.
    package let mirrored: ServiceName?
    /// The field by which Upsert finds a record where the request does not say; nil for a type without Upsert.
    let key: String?
    /// The standard methods that the engine serves.
    let methods: RecordMethods
    package let constraints: [ConstraintRule]
    package let rules: RecordRules
    /// What goes with a record that is removed for good, and what keeps it.
    package let purge: PurgeRules
    /// The stored fields, in the order of the message.
    package let fields: [RecordField]
    /// The object that a workspace has defined, whose records are in the table of `template`; nil for a type of the product.
    package let own: TenantObject?
    /// What is declared of all such objects; nil for a type of the product.
    let template: RecordType?
    private let declaration: [FieldRule]
    /// The type as it was declared, where this is its shape in a workspace; nil for itself.
    let declared: RecordType?
    /// Keeps the descriptors of the fields that a workspace has added.
    let added: MessageExtension?
    /// The fields that a workspace has added.
    let customFields: [RecordField]
    /// The column with their values; nil for a type that has none.
    let customColumn: RecordField?
    /// What is wrong with the declaration, and the cure.
    let problems: [String]
    let standard: StandardFields
    /// The columns of a row, in order, separated by commas.
    let columnList: String
    let columnCount: Int
    /// The columns of a new row: those and, of an own object, the one that says which.
    let insertedColumns: String
    /// How many rows are read at a time: all that were read are in memory at once, however long their texts are.
    let rowsAtOnce: Int
    /// SQL of the bytes that a row holds.
    let rowBytes: String
    /// How records are found by id.
    let lookups: LookupStatements
    /// Stores a new record: a parameter for each column, in order.
    let insertion: Statement
    /// The same for an id that was chosen. Of a record that was removed for good only the ledger knows that it was there; then the id becomes
    /// NULL, which the table refuses.
    let insertionOfChosenID: Statement
    /// Their names.
    let fieldNames: [String]
    /// The names under which the ledger has them.
    let fieldKeys: [String]
    private let fieldsByName: [String: RecordField]
    /// Those in which is searched; nil for a type whose records are not found by themselves.
    let searched: SearchedFields?
    /// Phone numbers and the fields for what was typed, by `RecordField.index`.
    let typedFields: [(number: Int, typed: Int)]
    /// Fields whose values follow from others, each after those that it uses.
    let formulas: [RecordFormula]
    /// Fields that say something of records that name their record.
    let rollUps: [ShapedRollUp]
    /// Fields whose values are about to be of another kind, with the fields for these.
    let successions: [FieldSuccession]
    /// What the workspace demands of its records.
    let demands: [WorkspaceRule]
    /// What gives its records their display_name; nil where people write it.
    let displayText: DisplayText?
    /// By which filters find parts of texts; nil for a type that has no such field.
    package let partIndex: PartIndex?

    /// - Parameter table: nil for one that is called as several records are: accounts.
    package convenience init(
        _ record: any RecordMessage.Type, table: String? = nil, fields: [FieldRule],
        constraints: [ConstraintRule] = [], sharing: ReaderRule? = nil, rules: RecordRules = RecordRules(),
        purge: PurgeRules = PurgeRules()
    ) {
        self.init(
            record.entry, table: table, fields: fields, constraints: constraints, sharing: sharing, rules: rules,
            purge: purge)
    }

    /// A mirror of records of another service: their standard fields and those that are named, for filters, orders and groups of
    /// records that refer to them.
    ///
    ///     static let account = RecordType(mirroring: Account.self, of: .customer, fields: [.field("region", .line(100))])
    ///
    /// - Parameter table: nil for one that is called as a record is: account_mirror.
    package convenience init(
        mirroring record: any RecordMessage.Type, of source: ServiceName, table: String? = nil, fields: [FieldRule]
    ) {
        let entry = record.entry
        let named = Set(fields.map(\.name))
        let left = entry.message.fields.map(\.name).filter { name in
            !named.contains(name) && [.customFields, .tags].contains(StandardField(rawValue: name) ?? .customFields)
        }
        self.init(
            entry, table: table ?? "\(entry.object)_mirror",
            fields: fields + left.map { FieldRule(name: $0, traits: [.derived]) }, mirroring: source)
    }

    init(
        _ entry: RecordEntry, table: String? = nil, fields fieldRules: [FieldRule],
        constraints: [ConstraintRule] = [], sharing: ReaderRule? = nil, rules: RecordRules = RecordRules(),
        purge: PurgeRules = PurgeRules(), mirroring: ServiceName? = nil, own: TenantObject? = nil,
        template: RecordType? = nil
    ) {
        let table = table ?? entry.plural
        (self.entry, self.own, self.template) = (entry, own, template)
        declaration = fieldRules
        message = entry.message
        object = entry.object
        plural = entry.plural
        self.table = table
        mirrored = mirroring
        ownership =
            switch entry.ownership {
            case .owned: .owned
            case .shared: .shared
            }
        methods = entry.methods
        key = entry.key
        self.constraints = constraints
        self.rules = rules
        self.purge = purge
        var check = DeclarationCheck(message: message, table: table, ownership: ownership)
        let fields = check.fields(from: fieldRules, constraints)
        check.check(constraints)
        check.check(purge, fields)
        self.fields = fields
        (declared, added, customFields) = (nil, nil, [])
        customColumn = fields.first { $0.role == .customFields }
        fieldNames = fields.map(\.name)
        fieldKeys = fieldNames
        searched = SearchedFields(entry.object, fields)
        typedFields = RecordType.typedFields(fields)
        (formulas, rollUps, displayText, demands, successions) = ([], [], nil, [], [])
        fieldsByName = Dictionary(fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        standard = check.standardFields(of: fields, sharing)
        partIndex = PartIndex(table, fields)
        problems = check.problems
        let columns = fields.flatMap(\.columns)
        columnList = columns.joined(separator: ", ")
        columnCount = columns.count
        rowsAtOnce = RowBytes.rowsAtOnce(fields)
        rowBytes = RowBytes.sql(fields)
        let source = RecordType.source(table, own, as: table)
        lookups = LookupStatements(source: source, columnList: columnList, standard: standard)
        let places = (0..<columnCount).map { "$\($0 + 1)" }.joined(separator: ", ")
        let (ownColumn, ownValue) = own.map { (", \(RecordType.ownColumn)", ", \($0.number)") } ?? ("", "")
        insertedColumns = columnList + ownColumn
        // The same for all workspaces, as far as they have the same objects.
        insertion = Statement.known(
            unsafeGenerated: "INSERT INTO {schema}.\(table) (\(insertedColumns)) VALUES (\(places)\(ownValue))")
        let idIndex = standard.id.firstColumn
        let checked = columns.indices.map { index in
            let place = "$\(index + 1)"
            guard index == idIndex else { return place }
            return "CASE WHEN NOT \(PastLives.condition(entry.object, "\(place)::uuid")) THEN \(place)::uuid END"
        }
        insertionOfChosenID = Statement.known(
            unsafeGenerated:
                "INSERT INTO {schema}.\(table) (\(insertedColumns)) VALUES (\(checked.joined(separator: ", "))\(ownValue))"
        )
    }

    /// A declared type with the fields that a workspace has added to it.
    ///
    /// - Parameter bound: the declared texts that take the entries of a choice list.
    init(
        _ declared: RecordType, adding custom: [RecordField], _ added: MessageExtension,
        binding bound: [String: TenantChoiceList], rollUps: [ShapedRollUp], demanding tenantRules: [TenantRule]
    ) {
        self.rollUps = rollUps
        (entry, own, template) = (declared.entry, declared.own, declared.template)
        declaration = declared.declaration
        message = added.descriptor
        object = declared.object
        plural = declared.plural
        table = declared.table
        mirrored = declared.mirrored
        ownership = declared.ownership
        methods = declared.methods
        key = declared.key
        constraints = declared.constraints
        rules = declared.rules
        purge = declared.purge
        displayText = DisplayText(of: declared, from: custom)
        partIndex = declared.partIndex
        fields =
            declared.fields.map { [displayText] field in
                if let displayText, displayText.field.index == field.index { return displayText.field }
                return bound[field.name].map(field.bound) ?? field
            } + custom
        (self.declared, self.added, customFields) = (declared, added, custom)
        customColumn = declared.customColumn
        fieldNames = fields.map(\.name)
        fieldKeys = fields.map(\.key)
        searched = SearchedFields(declared.object, fields)
        typedFields = RecordType.typedFields(fields)
        formulas = RecordFormula.all(of: fields)
        successions = FieldSuccession.all(of: custom)
        demands = tenantRules.compactMap { [fields] in WorkspaceRule($0, over: fields) }
        fieldsByName = Dictionary(
            fields.filter { !$0.isSuccessor }.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        standard = declared.standard
        problems = declared.problems
        columnList = declared.columnList
        columnCount = declared.columnCount
        insertedColumns = declared.insertedColumns
        rowsAtOnce = RowBytes.rowsAtOnce(fields)
        rowBytes = declared.rowBytes
        lookups = declared.lookups
        insertion = declared.insertion
        insertionOfChosenID = declared.insertionOfChosenID
    }

    private static func typedFields(_ fields: [RecordField]) -> [(number: Int, typed: Int)] {
        fields.compactMap { typed in
            guard let name = typed.rules.typedOf, let number = fields.first(where: { $0.name == name }) else {
                return nil
            }
            return (number.index, typed.index)
        }
    }

    var isMirror: Bool { mirrored != nil }

    /// Its records can be shared one by one.
    package var isShareable: Bool { standard.sharing?.shares != nil }

    /// The stored field of this name; nil for an unknown or derived one.
    package func field(_ name: String) -> RecordField? { fieldsByName[name] }

    /// The stored field that the ledger has under a key; nil for one that is not there any more.
    func storedField(_ key: String) -> RecordField? { fieldsByName[key] ?? customFields.first { $0.key == key } }

    /// A constraint of the database belongs to this type.
    func declares(_ constraint: String) -> Bool {
        constraint == "\(table)_pkey" || constraints.contains { $0.name == constraint }
            || fields.contains {
                $0.rules.unique?.constraint == constraint || "\(table)_\($0.column)_fkey" == constraint
            }
    }

    /// The fields whose values a constraint keeps unique among the living; none for another constraint.
    func uniqueFields(_ constraint: String) -> [RecordField] {
        let names = constraints.first { $0.name == constraint }?.fields ?? []
        return fields.filter { $0.rules.unique?.constraint == constraint || names.contains($0.name) }
    }

    /// The table with the slot of the schema, to write to. Its rows are not of this type alone where workspaces define objects.
    package var qualifiedTable: String { "{schema}.\(table)" }

    /// What stands after FROM to read records of the type.
    package var source: String { source(as: table) }

    /// The same under another name.
    func source(as alias: String) -> String { RecordType.source(table, own, as: alias) }

    private static func source(_ table: String, _ own: TenantObject?, as alias: String) -> String {
        guard let own else { return alias == table ? "{schema}.\(table)" : "{schema}.\(table) AS \(alias)" }
        return "(SELECT * FROM {schema}.\(table) WHERE \(ownColumn) = \(own.number)) AS \(alias)"
    }
}

// Objects that workspaces define: one declaration and one table for all.
extension RecordType {
    /// Tells of which object a row of the shared table is.
    static let ownColumn = "object_number"

    /// It stands for the objects that workspaces define: no record is of this type itself.
    package var isTemplate: Bool { entry.isDefinedByWorkspace && own == nil }

    /// What grants on its records name.
    package var grantName: String { isTemplate ? Grant.ownWildcard : object }

    /// The type as methods are made for: without the fields that the workspace has added, which each call adds.
    var served: RecordType { declared ?? self }

    /// The type of the records of an object that a workspace has defined.
    convenience init(_ template: RecordType, of own: TenantObject) {
        var entry = template.entry
        (entry.object, entry.plural) = (own.object, "\(own.object) records")
        entry.ownership = own.isShared ? .shared : .owned
        var traits: [String: [FieldTrait]] = [:]
        if own.numberFormat == nil { traits["display_name"] = [.required] }
        let fields = template.declaration.map { FieldRule(name: $0.name, traits: $0.traits + (traits[$0.name] ?? [])) }
        let unowned =
            own.isShared
            ? [StandardField.owner, .department, .shares, .selections].map {
                FieldRule(name: $0.rawValue, traits: [.derived])
            } : []
        self.init(
            entry, table: template.table, fields: fields + unowned, constraints: template.constraints,
            rules: template.rules, purge: template.purge, own: own, template: template)
    }
}

/// The fields that the engine itself reads and sets.
struct StandardFields: Sendable {
    let id: RecordField
    let version: RecordField
    let createTime: RecordField
    let updateTime: RecordField
    let deleteTime: RecordField
    /// Nil for records of the workspace.
    let owner: RecordField?
    /// Nil for records of the workspace.
    let department: RecordField?
    /// Nil for a type whose records are not shared.
    let sharing: Sharing?
    /// Nil for a type whose records have no tags.
    let tags: RecordField?
    /// The selections of sharing rules that hold a record. Nil for a type whose records are not shared by rules.
    let selections: RecordField?
}

/// What says who may do something with a record beside those whose scopes cover it.
enum Sharing: Sendable {
    /// The field with its shares, which SharingService sets.
    case shares(RecordField)
    /// Fields of its own that say who may read it.
    case readers(everybody: RecordField, departments: RecordField, roles: RecordField)

    /// What a share has to be good for to allow an action; nil for one that none allows.
    func use(of action: Action) -> ShareUse? {
        switch self {
        case .shares: action.shareUse
        case .readers: action == .read ? .reading : nil
        }
    }

    /// The field with the shares.
    var shares: RecordField? { if case .shares(let field) = self { field } else { nil } }
}
