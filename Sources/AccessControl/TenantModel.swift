import Synchronization

/// The fields that a workspace has added to its records, the objects that it has defined, its choice lists, and its rules about records. Part of its policy, so that nobody works with a newer policy on an older model.
package final class TenantModel: Sendable {
    /// By object, in the order of their numbers.
    private let fields: [String: [TenantField]]
    /// Fields that roll records up, by the kind of these.
    private let rolledUp: [String: [TenantField]]
    /// By how grants call them.
    private let ownObjects: [String: TenantObject]
    /// By their names.
    private let choiceLists: [String: TenantChoiceList]
    /// Texts that all workspaces have and that are bound to a list, by object and name.
    private let bound: [String: [String: TenantChoiceList]]
    /// What is demanded of records, by object.
    private let rules: [String: [TenantRule]]
    /// What was made of the fields of an object.
    private let shapes = Mutex<[String: any Sendable]>([:])

    /// Fields of an object that a workspace may have.
    package static let fieldCountMax = 200
    /// Fields of an object that say something of other records.
    package static let rollUpCountMax = 20
    /// Objects that a workspace may have.
    package static let objectCountMax = 200

    package static let empty = TenantModel([])

    /// Of fields of an object with the same number or name only the first counts, and of objects with the same name; identity gives none such.
    package init(
        _ fields: [TenantField], objects: [TenantObject] = [], choiceLists: [TenantChoiceList] = [],
        rules: [TenantRule] = []
    ) {
        self.rules = Dictionary(grouping: rules, by: \.object)
        self.choiceLists = Dictionary(
            choiceLists.compactMap { list in list.name.map { ($0, list) } }, uniquingKeysWith: { first, _ in first })
        var bound: [String: [String: TenantChoiceList]] = [:]
        for list in choiceLists {
            for path in list.boundFields {
                let parts = path.split(separator: ".").map(String.init)
                if parts.count == 2 { bound[parts[0], default: [:]][parts[1]] = list }
            }
        }
        self.bound = bound
        ownObjects = Dictionary(objects.map { ($0.object, $0) }, uniquingKeysWith: { first, _ in first })
        rolledUp = Dictionary(
            grouping: fields.filter { $0.rollUp != nil }, by: { $0.rollUp?.object ?? "" })
        self.fields = Dictionary(grouping: fields, by: \.object).mapValues { fields in
            var (numbers, names): (Set<Int64>, Set<String>) = ([], [])
            return fields.sorted { $0.number < $1.number }.filter {
                numbers.insert($0.number).inserted && names.insert($0.name).inserted
            }
        }
    }

    /// The objects that the workspace has defined, in the order of their numbers.
    package var objects: [TenantObject] { ownObjects.values.sorted { $0.number < $1.number } }

    /// One of them, by how grants call it.
    package func object(_ object: String) -> TenantObject? { ownObjects[object] }

    package func fields(of object: String) -> [TenantField] { fields[object] ?? [] }

    /// All fields that say something of records that name their record.
    package var rollUps: [TenantField] { rolledUp.values.flatMap(\.self) }

    /// There are such.
    package var hasRollUps: Bool { !rolledUp.isEmpty }

    /// The fields that say something of records of a kind.
    package func rollUps(over object: String) -> [TenantField] { rolledUp[object] ?? [] }

    /// What there is to choose from in a field; nil for one in which nothing is chosen. Nothing for a list that is not there.
    package func choices(of field: TenantField) -> TenantChoiceList? {
        switch field.kind {
        case .choice, .choices:
            guard let name = field.choiceList else { return TenantChoiceList(own: field.choices) }
            return choiceLists[name] ?? TenantChoiceList(name: name, entries: [])
        default: return nil
        }
    }

    package func choiceList(_ name: String) -> TenantChoiceList? { choiceLists[name] }

    /// The texts of an object that all workspaces have and that are bound to a list here, by name.
    package func boundFields(of object: String) -> [String: TenantChoiceList] { bound[object] ?? [:] }

    /// What the workspace demands of records of an object.
    package func rules(of object: String) -> [TenantRule] { rules[object] ?? [] }

    /// What `make` makes of the fields of an object, made once; nil for one of the product's without any, without bound ones, and without rules.
    package func shape<Shape: Sendable>(of object: String, _ make: ([TenantField]) -> Shape) -> Shape? {
        let isShaped = ownObjects[object] != nil || bound[object] != nil || rules[object] != nil
        guard let own = fields[object] ?? (isShaped ? [] : nil) else { return nil }
        if let known = shapes.withLock({ $0[object] }) as? Shape { return known }
        let made = make(own)
        return shapes.withLock { shapes in
            if let first = shapes[object] as? Shape { return first }
            shapes[object] = made
            return made
        }
    }

    /// The other where it has the same fields, objects, lists and rules, so that what was made of them is made once.
    package func unlessSame(as other: TenantModel?) -> TenantModel {
        if let other, other.fields == fields, other.ownObjects == ownObjects,
            other.choiceLists == choiceLists, other.rules == rules
        {
            other
        } else {
            self
        }
    }
}
