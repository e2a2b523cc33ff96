import AccessControl
import Contracts
import Formulas
import IdentityContracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy

/// What the formulas of an object must be together with its fields: each right, none using itself, and not too much of them.
enum FormulaRules {
    /// Parts of all formulas of an object: each change of a record reckons with all of them.
    static let sizeMax = 1_000

    /// A field whose values people wrote does not become one that overwrites them, nor the other way round.
    static func requireSameKind(_ change: RecordChange) throws {
        guard let before = change.before else { return }
        if (before.text("formula") == nil) != (change.after.text("formula") == nil) {
            throw IdentityError.sourceForGood("formula")
        }
        let (old, new) = (before.value(FieldDefinition.self).rollUp, change.after.value(FieldDefinition.self).rollUp)
        if (old == nil) != (new == nil) { throw IdentityError.sourceForGood("roll_up") }
    }

    /// Asked when the change is made, by one transaction of a workspace at a time.
    static func check(
        _ change: RecordChange, _ catalogue: RoleCatalogue, _ transaction: RecordTransaction
    ) async throws {
        let object = change.after.text("object") ?? ""
        if change.kind == .delete { try await transaction.takeTurn(of: transaction.actor.tenantID.id) }
        let (types, formulas) = try await fields(of: object, catalogue, transaction)
        guard !formulas.isEmpty else { return }
        try check(formulas, types, TenantField.prefix + (change.after.text("name") ?? ""))
    }

    /// What formulas of an object can use, as it is in this transaction, and the formulas that there are, by name.
    static func fields(
        of object: String, _ catalogue: RoleCatalogue, _ transaction: RecordTransaction
    ) async throws -> (types: [String: FormulaType], formulas: [String: String]) {
        var (types, formulas): ([String: FormulaType], [String: String]) = ([:], [:])
        let rows = try await transaction.query(Query(living) { $0.append(object) })
        for row in rows {
            let kind = FieldKind(rawValue: try row.int32(1))
            guard let field = TenantField(ModelField(object: object, number: 0, name: try row.string(0), kind: kind))
            else { continue }
            types[field.path] = field.formulaType
            formulas[field.path] = try row.optionalString(2)
        }
        return (types.merging(catalogue.declaredTypes(of: object)) { own, _ in own }, formulas)
    }

    /// - Parameter own: the field that is changed: what is wrong with another one's formula is so because of it.
    private static func check(
        _ formulas: [String: String], _ types: [String: FormulaType], _ own: String
    ) throws {
        var (uses, size): ([String: [String]], Int) = ([:], 0)
        // The one that is changed first: its own mistakes say more than what follows from them.
        for (name, text) in formulas.sorted(by: { ($0.key == own ? 0 : 1, $0.key) < ($1.key == own ? 0 : 1, $1.key) }) {
            do {
                // The patterns of the others were looked at when these were made.
                let formula = try Formula(text, over: types, giving: types[name], checksPatterns: name == own)
                (uses[name], size) = (formula.names, size + formula.size)
            } catch {
                throw name == own
                    ? IdentityError.formulaInvalid(error) : IdentityError.fieldInUse(own, by: name)
            }
        }
        do {
            _ = try FormulaOrder.sorted(uses)
        } catch {
            throw IdentityError.formulaCycle(error.names)
        }
        if size > sizeMax { throw IdentityError.formulasTooLarge(size, max: sizeMax) }
    }

    /// In which order the fields of a model are made: formulas and roll-ups after what they use.
    static func order(of fields: [FieldDefinition]) -> [Int] {
        var (uses, places): ([String: [String]], [String: Int]) = ([:], [:])
        for (place, field) in fields.enumerated() {
            let object = field.object ?? ""
            let used =
                if let rollUp = field.rollUp.flatMap({ TenantRollUp($0) }) {
                    rollUp.places
                } else if let formula = field.formula {
                    Set(Formula.words(of: formula).map { FieldPlace(object, $0) })
                } else {
                    Set<FieldPlace>()
                }
            guard !used.isEmpty else { continue }
            let name = FieldPlace(object, TenantField.prefix + (field.name ?? "")).name
            (uses[name], places[name]) = (used.map(\.name).sorted(), place)
        }
        // What uses itself is refused when it is made.
        let sorted = (try? FormulaOrder.sorted(uses)) ?? uses.keys.sorted()
        let last = sorted.compactMap { places[$0] }
        // Names that stand there twice are found out as they come.
        return fields.indices.filter { !last.contains($0) } + last
    }

    private static let living = Statement(
        "SELECT name, kind, formula FROM {schema}.field_definitions WHERE object = $1 AND deleted_at IS NULL")
}

extension RoleCatalogue {
    /// What formulas can use of the declared fields of a kind.
    func declaredTypes(of object: String) -> [String: FormulaType] {
        message(of: object).map { RecordType.formulaTypes(of: $0) } ?? [:]
    }
}
