package import AccessControl

/// The index on what records hold in a field that a workspace has added and wants to have indexed (`TenantField.isIndexed`). Lists are filtered and
/// ordered by it as by the index of a declared field. The provisioner makes it while people write.
package struct CustomFieldIndex: Hashable, Sendable {
    /// Numbers of fields are never given again.
    package let name: String
    package let table: String
    /// SQL of what stands after the name of the table.
    package let definition: String

    package static func name(_ fieldNumber: Int64) -> String { "custom_\(fieldNumber)_idx" }

    /// Nil for a field of which there is no index, and for a kind of records that is not among the types of the service.
    ///
    /// - Parameter own: the object that the workspace has defined, if the field is one of its.
    package init?(of field: TenantField, _ own: TenantObject?, among types: [RecordType]) {
        let declared = types.first { own == nil ? $0.object == field.object && !$0.isTemplate : $0.isTemplate }
        guard field.isIndexed, let declared else { return nil }
        let model = TenantModel([field], objects: own.map { [$0] } ?? [])
        guard let type = declared.shaped(by: model, as: field.object), let added = type.field(field.path) else {
            return nil
        }
        name = Self.name(field.number)
        table = type.table
        var value = "(\(added.column))"
        if case .text = added.kind { value = "(\(FilterTarget.ValueType.text.orderExpression(added.column)))" }
        let ofObject = own.map { " AND \(RecordType.ownColumn) = \($0.number)" } ?? ""
        let (id, deleted) = (type.standard.id.column, type.standard.deleteTime.column)
        definition = "(\(value), \(id)) WHERE \(deleted) IS NULL\(ofObject)"
    }
}
