import CProtobufC

/// A message type with fields behind those that protoc-c knows of `base`. Its messages begin with the struct of the base and are messages of the base
/// to protobuf-c and to whoever reads them as such: encoding leaves the added fields out.
///
/// The descriptors live as long as this object: whoever keeps a message of the type, or a descriptor of an added field, keeps it.
package final class MessageExtension: @unchecked Sendable {
    // SAFETY: the memory is complete when init ends, is never changed, and freed when nobody has the object any more.

    /// An added field.
    package struct Field: Sendable {
        package let name: String
        package let kind: FieldDescriptor.Kind
        package let isRepeated: Bool

        package init(_ name: String, _ kind: FieldDescriptor.Kind, isRepeated: Bool = false) {
            (self.name, self.kind, self.isRepeated) = (name, kind, isRepeated)
        }
    }

    /// Has the fields of the base and the added ones.
    package let descriptor: MessageDescriptor
    /// The added ones, in the order in which they were given.
    package let fields: [FieldDescriptor]

    private let table: UnsafeMutablePointer<DescriptorTable>
    private let facts: UnsafeMutablePointer<FieldFacts>
    private let places: UnsafeMutablePointer<ProtobufCFieldDescriptor>

    /// - Parameter fields: names that the base does not have, each once.
    package init(of base: MessageDescriptor, adding fields: [Field]) {
        precondition(base.table.pointee.base == nil, "an extension of an extension")
        let count = fields.count
        places = .allocate(capacity: max(1, count))
        facts = .allocate(capacity: max(1, count))
        table = .allocate(capacity: 1)
        var layout = FieldLayout(behind: base.table.pointee.structBytes)
        for (index, field) in fields.enumerated() {
            var place = ProtobufCFieldDescriptor()
            place.label = field.isRepeated ? PROTOBUF_C_LABEL_REPEATED : PROTOBUF_C_LABEL_OPTIONAL
            place.type = field.kind.type
            layout.place(&place)
            (places + index).initialize(to: place)
            (facts + index).initialize(to: FieldFacts(raw: places + index, name: field.name, kind: field.kind))
        }
        let added = [FieldDescriptor](unsafeUninitializedCapacity: count) { [facts] buffer, filled in
            for index in 0..<count {
                (buffer.baseAddress.unsafelyUnwrapped + index).initialize(to: FieldDescriptor(facts: facts + index))
            }
            filled = count
        }
        table.initialize(
            to: DescriptorTable(
                extending: base.table, by: added, places: UnsafeBufferPointer(start: places, count: count),
                structBytes: layout.structBytes))
        self.fields = added
        descriptor = MessageDescriptor(table: table)
    }

    deinit {
        table.deinitialize(count: 1).deallocate()
        facts.deinitialize(count: fields.count).deallocate()
        places.deallocate()
    }
}

extension DescriptorTable {
    fileprivate init(
        extending base: UnsafePointer<DescriptorTable>, by added: [FieldDescriptor],
        places: UnsafeBufferPointer<ProtobufCFieldDescriptor>, structBytes: Int
    ) {
        let own = base.pointee
        let byName = Dictionary(added.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        precondition(byName.count == added.count, "a name is there twice")
        self.init(
            raw: own.raw, name: own.name, shortName: own.shortName, fields: own.fields + added,
            fieldsByName: own.fieldsByName.merging(byName) { _, _ in preconditionFailure("the base has the name") },
            direct: own.direct, directCount: own.directCount, others: own.others, otherCount: own.otherCount,
            structBytes: structBytes, base: base, places: places)
    }
}

extension MessageDescriptor {
    /// The type that protobuf-c knows: the descriptor itself unless it is that of an extension.
    package var base: MessageDescriptor { table.pointee.base.map(MessageDescriptor.init(table:)) ?? self }
}

extension Message {
    /// The message with the fields of an extension of its type, which are not set; they share memory.
    package func extended(by other: MessageDescriptor) -> Message {
        precondition(other.base == descriptor, "\(other) does not extend \(descriptor)")
        let message = Message.make(other, in: arena)
        UnsafeMutableRawPointer(message.raw).copyMemory(
            from: raw, byteCount: descriptor.table.pointee.structBytes)
        return message
    }

    /// The same message as one of the type that was extended.
    package var based: Message { Message(raw: raw, descriptor: descriptor.base, arena: arena) }
}
