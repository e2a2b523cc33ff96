package import CProtobufC

/// The names and numbers of an enum.
package struct EnumDescriptor: Hashable, @unchecked Sendable {
    // SAFETY: constant data of the generated C.
    package let raw: UnsafePointer<ProtobufCEnumDescriptor>

    package init(_ raw: UnsafePointer<ProtobufCEnumDescriptor>) {
        self.raw = raw
    }

    /// Full name, as in steward.sales.v1.StageCategory.
    package var name: String { String(cString: raw.pointee.name) }

    /// The values by ascending number, with their names in the proto file.
    package var values: [(name: String, number: Int32)] {
        UnsafeBufferPointer(start: raw.pointee.values, count: Int(raw.pointee.n_values)).map {
            (name: String(cString: $0.name), number: $0.value)
        }
    }

    /// The name of a number; nil for an unknown one.
    package func name(of number: Int32) -> String? {
        protobuf_c_enum_descriptor_get_value(raw, number).map { String(cString: $0.pointee.name) }
    }

    /// The number of a name; nil for an unknown one.
    package func number(of name: String) -> Int32? {
        protobuf_c_enum_descriptor_get_value_by_name(raw, name)?.pointee.value
    }
}
