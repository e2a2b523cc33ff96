package import CProtobufC

/// The shape of a message type: its fields with names, numbers, types and places in the C struct.
public struct MessageDescriptor: Hashable, @unchecked Sendable {
    // SAFETY: points to a table that is complete, never changed, and never freed (DescriptorTables) or kept with what uses it (MessageExtension).
    let table: UnsafePointer<DescriptorTable>

    init(table: UnsafePointer<DescriptorTable>) {
        self.table = table
    }

    /// Takes a lock and a look-up: keep the value rather than making it again.
    package init(_ raw: UnsafePointer<ProtobufCMessageDescriptor>) {
        self.init(table: DescriptorTables.table(of: raw))
    }

    /// The descriptor that protoc-c generated.
    package var raw: UnsafePointer<ProtobufCMessageDescriptor> { table.pointee.raw }

    /// Full name, as in steward.customer.v1.Account.
    public var name: String { table.pointee.name }

    /// Name without the package.
    public var shortName: String { table.pointee.shortName }

    /// The fields by ascending number.
    package var fields: [FieldDescriptor] { table.pointee.fields }

    /// The field with this name in the proto file, as in display_name.
    package func field(_ name: String) -> FieldDescriptor? {
        table.pointee.fieldsByName[name]
    }

    package func field(number: UInt32) -> FieldDescriptor? {
        guard let rule = table.pointee.rule(number) else { return nil }
        return table.pointee.fields[Int(rule.pointee.index)]
    }

    /// Whether the field is one of this message's.
    func owns(_ field: FieldDescriptor) -> Bool {
        let added = table.pointee.places
        if let first = added.baseAddress, field.raw >= first, field.raw < first + added.count { return true }
        guard let first = raw.pointee.fields else { return false }
        return field.raw >= first && field.raw < first + Int(raw.pointee.n_fields)
    }
}

extension MessageDescriptor: CustomStringConvertible {
    public var description: String { name }
}
