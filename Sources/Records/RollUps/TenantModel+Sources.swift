package import AccessControl
import Formulas

/// A field of a kind of records.
package struct FieldPlace: Hashable, Sendable {
    package let object: String
    /// As in `amount` or `custom.size`.
    package let field: String

    package init(_ object: String, _ field: String) { (self.object, self.field) = (object, field) }

    /// The field of a path in a filter, which may be that of a part of it.
    package init(_ object: String, path: String) {
        let parts = path.split(separator: ".").map(String.init)
        let isCustom = path.hasPrefix(TenantField.prefix)
        self.init(object, isCustom ? parts.prefix(2).joined(separator: ".") : parts.first ?? path)
    }
}

extension TenantRollUp {
    /// The fields of what is rolled up that it asks for.
    package var places: Set<FieldPlace> {
        let filtered = filter.flatMap { try? RecordEngine.parse($0).paths } ?? []
        return Set(
            filtered.map { FieldPlace(object, path: $0) }
                + [reference, value, time].compactMap(\.self).map { FieldPlace(object, $0) })
    }
}

extension TenantModel {
    /// A field and all that its value follows from: by formulas of its record, by roll-ups of others.
    package func sources(of field: String, in object: String) -> Set<FieldPlace> {
        let first = FieldPlace(object, field)
        var (found, left): (Set<FieldPlace>, [FieldPlace]) = ([first], [first])
        while let next = left.popLast() {
            for place in directSources(of: next) where found.insert(place).inserted { left.append(place) }
        }
        return found
    }

    private func directSources(of place: FieldPlace) -> Set<FieldPlace> {
        let fields = fields(of: place.object)
        if place.field == "display_name" {
            // The name is that field's value.
            let name = object(place.object)?.displayField
            return Set(fields.filter { $0.name == name }.map { FieldPlace(place.object, $0.path) })
        }
        guard let field = fields.first(where: { $0.path == place.field }) else {
            let number = fields.first { $0.typed?.path == place.field }
            return Set(number.map { [FieldPlace(place.object, $0.path)] } ?? [])
        }
        if let rollUp = field.rollUp { return rollUp.places }
        return Set((field.formula.map { Formula.words(of: $0) } ?? []).map { FieldPlace(place.object, $0) })
    }
}
