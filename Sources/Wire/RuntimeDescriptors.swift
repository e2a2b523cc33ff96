package import CProtobufC

#if canImport(Glibc)
    import Glibc
#endif

/// Message types that the program was not compiled with: described by a server, laid out here as protoc-c would. They live
/// for the rest of the process, as descriptors do.
package enum RuntimeDescriptors {
    /// A message type.
    package struct MessageShape: Sendable {
        /// Full name.
        package var name: String
        package var fields: [FieldShape]

        package init(name: String, fields: [FieldShape]) {
            self.name = name
            self.fields = fields
        }
    }

    /// A field of a message type.
    package struct FieldShape: Sendable {
        package var name: String
        package var number: UInt32
        package var isRepeated: Bool
        package var type: ProtobufCType
        /// Full name of the message or enum, for those types.
        package var typeName: String?

        package init(name: String, number: UInt32, isRepeated: Bool, type: ProtobufCType, typeName: String? = nil) {
            self.name = name
            self.number = number
            self.isRepeated = isRepeated
            self.type = type
            self.typeName = typeName
        }
    }

    /// An enum.
    package struct EnumShape: Sendable {
        /// Full name.
        package var name: String
        package var values: [(name: String, number: Int32)]

        package init(name: String, values: [(name: String, number: Int32)]) {
            self.name = name
            self.values = values
        }
    }

    /// Makes the descriptors, by full name; nil when a field names a type that is not among them.
    package static func make(messages: [MessageShape], enums: [EnumShape]) -> [String: MessageDescriptor]? {
        let enumsByName = Dictionary(enums.map { ($0.name, make($0)) }, uniquingKeysWith: { first, _ in first })
        // All messages get their place first, since they may name each other.
        var places: [String: UnsafeMutablePointer<ProtobufCMessageDescriptor>] = [:]
        for message in messages { places[message.name] = .allocate(capacity: 1) }
        for message in messages {
            guard let place = places[message.name], let layout = Layout(message, places, enumsByName) else {
                return nil
            }
            place.initialize(to: layout.descriptor)
        }
        return places.mapValues { MessageDescriptor(UnsafePointer($0)) }
    }

    private static func make(_ shape: EnumShape) -> UnsafePointer<ProtobufCEnumDescriptor> {
        let sorted = shape.values.sorted { $0.number < $1.number }
        let byName = sorted.indices.sorted { sorted[$0].name < sorted[$1].name }
        var descriptor = ProtobufCEnumDescriptor()
        descriptor.magic = UInt32(PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC)
        descriptor.name = text(shape.name)
        descriptor.short_name = text(lastPart(shape.name))
        descriptor.c_name = descriptor.name
        descriptor.package_name = text("")
        descriptor.n_values = UInt32(sorted.count)
        descriptor.values = constant(
            sorted.map { value in
                let name = text(value.name)
                return ProtobufCEnumValue(name: name, c_name: name, value: value.number)
            })
        descriptor.n_value_names = UInt32(sorted.count)
        descriptor.values_by_name = constant(
            byName.map { ProtobufCEnumValueIndex(name: text(sorted[$0].name), index: UInt32($0)) })
        descriptor.n_value_ranges = UInt32(sorted.count)
        descriptor.value_ranges = ranges(sorted.map(\.number))
        return constant([descriptor])
    }

    /// One range for each number, then the end mark that protobuf-c's search expects.
    fileprivate static func ranges(_ numbers: [Int32]) -> UnsafePointer<ProtobufCIntRange> {
        let ranges = numbers.enumerated().map {
            ProtobufCIntRange(start_value: $0.element, orig_index: UInt32($0.offset))
        }
        return constant(ranges + [ProtobufCIntRange(start_value: 0, orig_index: UInt32(numbers.count))])
    }

    fileprivate static func text(_ text: String) -> UnsafePointer<CChar> {
        constant(text.utf8CString.map { $0 })
    }

    fileprivate static func constant<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        memory.initialize(from: elements, count: elements.count)
        return UnsafePointer(memory)
    }

    fileprivate static func lastPart(_ name: String) -> String {
        name.lastIndex(of: ".").map { String(name[name.index(after: $0)...]) } ?? name
    }
}

/// The C struct of a message: where each field stands.
private struct Layout {
    private(set) var descriptor = ProtobufCMessageDescriptor()
    private var layout = FieldLayout(behind: MemoryLayout<ProtobufCMessage>.stride)

    init?(
        _ shape: RuntimeDescriptors.MessageShape,
        _ messages: [String: UnsafeMutablePointer<ProtobufCMessageDescriptor>],
        _ enums: [String: UnsafePointer<ProtobufCEnumDescriptor>]
    ) {
        let sorted = shape.fields.sorted { $0.number < $1.number }
        var fields: [ProtobufCFieldDescriptor] = []
        for shape in sorted {
            var field = ProtobufCFieldDescriptor()
            field.name = RuntimeDescriptors.text(shape.name)
            field.id = shape.number
            field.label = shape.isRepeated ? PROTOBUF_C_LABEL_REPEATED : PROTOBUF_C_LABEL_OPTIONAL
            field.type = shape.type
            if shape.type == PROTOBUF_C_TYPE_MESSAGE {
                guard let target = shape.typeName.flatMap({ messages[$0] }) else { return nil }
                field.descriptor = UnsafeRawPointer(target)
            } else if shape.type == PROTOBUF_C_TYPE_ENUM {
                guard let target = shape.typeName.flatMap({ enums[$0] }) else { return nil }
                field.descriptor = UnsafeRawPointer(target)
            }
            layout.place(&field)
            fields.append(field)
        }
        fill(shape.name, fields, sorted)
    }

    private mutating func fill(
        _ name: String, _ fields: [ProtobufCFieldDescriptor], _ shapes: [RuntimeDescriptors.FieldShape]
    ) {
        descriptor.magic = UInt32(PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC)
        descriptor.name = RuntimeDescriptors.text(name)
        descriptor.short_name = RuntimeDescriptors.text(RuntimeDescriptors.lastPart(name))
        descriptor.c_name = descriptor.name
        descriptor.package_name = RuntimeDescriptors.text("")
        descriptor.sizeof_message = layout.structBytes
        descriptor.n_fields = UInt32(fields.count)
        descriptor.fields = RuntimeDescriptors.constant(fields)
        descriptor.fields_sorted_by_name = RuntimeDescriptors.constant(
            shapes.indices.sorted { shapes[$0].name < shapes[$1].name }.map { UInt32($0) })
        descriptor.n_field_ranges = UInt32(fields.count)
        descriptor.field_ranges = RuntimeDescriptors.ranges(shapes.map { Int32($0.number) })
    }
}
