import AccessControl

/// A field of a workspace that says something of the living records that name its record, as the shape of its type has it.
struct ShapedRollUp: Sendable {
    let field: RecordField
    /// All that its value follows from.
    private let sources: Set<FieldPlace>
    /// What its value follows from, but for the records.
    let texts: [String]

    /// Nil for a field that says no such thing.
    init?(_ field: RecordField, in model: TenantModel) {
        guard let added = field.added, added.rollUp != nil else { return nil }
        self.field = field
        sources = model.sources(of: added.path, in: added.object).subtracting([FieldPlace(added.object, added.path)])
        texts = [field.key] + model.texts(of: added)
    }

    /// Whether a user may read all that it follows from: the kinds of records, though not each of them, and the fields.
    func isSeen(by user: UserAccess) -> Bool {
        sources.allSatisfy { place in
            let access = user.object(place.object)
            return access.scope(.read) > .none && access.level(of: place.field) >= .read
        }
    }
}

extension TenantModel {
    /// What the value of a roll-up follows from, but for the records. A field or an object that is defined again under the same name is another one.
    fileprivate func texts(of field: TenantField) -> [String] {
        guard let rollUp = field.rollUp else { return [] }
        let fields = fields(of: rollUp.object)
        let numbers = rollUp.places.map { place in
            "\(place.field) \(fields.first { $0.path == place.field }?.number ?? 0)"
        }
        return [
            "\(field.kind)", "\(rollUp.function)", rollUp.object, "\(object(rollUp.object)?.number ?? 0)",
            rollUp.reference, rollUp.value ?? "", rollUp.time ?? "", rollUp.filter ?? "",
            field.decimals.map(String.init) ?? "", field.lengthMax.map(String.init) ?? "",
        ] + numbers.sorted()
    }

    /// The same number where two services know the same definition of a roll-up.
    func definition(of field: TenantField) -> UInt64 {
        UInt64(bitPattern: SearchTerm.number(of: [field.path] + texts(of: field), in: field.object))
    }
}
