import Contracts
import IdentityContracts
import StewardClient

/// The conditions that find a record by what no two records share: its number, its key in another system, or what else is unique, as far as
/// the caller may filter by it.
struct RecordKeys {
    /// Each may find the record; the first that does counts.
    private(set) var conditions: [[(field: String, values: [String])]] = []

    init(of text: String, _ noun: RecordNoun, _ connection: StewardConnection) async throws {
        // Deleted definitions keep their names, too: no field is unique among the living.
        if noun.object == FieldDefinition.noun.object, let path = try? FieldPath(text) {
            conditions.append([("object", [path.object]), ("name", [path.definedName])])
        } else if noun.object == ObjectDefinition.noun.object, let own = OwnNoun.own(text) {
            conditions.append([("name", [own])])
        }
        let description = try await ModelClient(connection: connection).description(of: noun)
        conditions += Self.fields(of: description?.fields ?? [], noun).map { [($0, [text])] }
    }

    /// The label and addresses are looked for as names are.
    static func fields(of all: [ObjectField], _ noun: RecordNoun) -> [String] {
        let named = Set(noun.label + ["email"])
        return all.filter { field in
            guard let name = field.name, !named.contains(name) else { return false }
            return (field.unique == true || name == "number") && field.kind == .text && field.list != true
                && field.filterOperators.contains(.in)
        }.compactMap(\.name)
    }
}
