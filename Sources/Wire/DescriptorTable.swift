import CProtobufC
import Synchronization

/// What the checked walk needs to know of one field, in 32 bytes.
struct FieldRule {
    /// How the bytes of a field are checked.
    enum Check: UInt8 {
        case varint, fixed32, fixed64, text, bytes, message
    }

    var number: UInt32
    var check: Check
    var isRepeated: Bool
    /// Bit of a singular message field, to find a second occurrence; 0 for other fields.
    var seenBit: UInt64
    /// Memory that one element takes in its message's array; 0 for a singular field.
    var elementBytes: UInt32
    /// Index in the message's fields.
    var index: UInt32
    /// Table of the submessage.
    var table: UnsafePointer<DescriptorTable>?
}

/// What is derived from a message's descriptor, once, and kept for the life of the process: one for each
/// message type that the program was compiled with.
struct DescriptorTable {
    /// Field numbers below this are looked up by index, others by a search; all of ours are.
    static let directCountMax = 64

    let raw: UnsafePointer<ProtobufCMessageDescriptor>
    let name: String
    let shortName: String
    let fields: [FieldDescriptor]
    let fieldsByName: [String: FieldDescriptor]
    /// Rules by field number; a number without a field has a rule with number 0.
    let direct: UnsafePointer<FieldRule>
    let directCount: Int
    /// Rules of fields with larger numbers, ascending.
    let others: UnsafePointer<FieldRule>
    let otherCount: Int
    /// Memory of the C struct, as the arena rounds it.
    let structBytes: Int
    /// The type that is extended (`MessageExtension`): `raw` and the rules are its own.
    var base: UnsafePointer<DescriptorTable>?
    /// The fields that an extension adds.
    var places = UnsafeBufferPointer<ProtobufCFieldDescriptor>(start: nil, count: 0)

    /// The rule of a field, or nil for an unknown one.
    @inline(__always)
    func rule(_ number: UInt32) -> UnsafePointer<FieldRule>? {
        if Int(number) < directCount {
            let rule = direct + Int(number)
            return rule.pointee.number == 0 ? nil : rule
        }
        return otherCount == 0 ? nil : searchedRule(number)
    }

    private func searchedRule(_ number: UInt32) -> UnsafePointer<FieldRule>? {
        var low = 0
        var high = otherCount
        while low < high {
            let middle = (low + high) / 2
            if others[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < otherCount && others[low].number == number ? others + low : nil
    }
}

/// What is derived from a field's descriptor, kept for the life of the process.
struct FieldFacts {
    let raw: UnsafePointer<ProtobufCFieldDescriptor>
    let name: String
    let kind: FieldDescriptor.Kind
}

/// All tables of the process, by the address of the C descriptor.
enum DescriptorTables {
    private struct Registry: ~Copyable {
        var messages: [UInt: UnsafeMutablePointer<DescriptorTable>] = [:]
    }

    // SAFETY: the registry is reached under its lock only; a table is complete before the lock is let go, is
    // never changed afterwards and never freed.
    private static let registry = Mutex(Registry())

    static func table(of raw: UnsafePointer<ProtobufCMessageDescriptor>) -> UnsafePointer<DescriptorTable> {
        let address = UInt(bitPattern: raw)
        let found = registry.withLock { registry -> UInt in
            UInt(bitPattern: table(of: UnsafePointer(bitPattern: address)!, in: &registry.messages))
        }
        return UnsafePointer(bitPattern: found)!
    }

    /// Registers a table before it is filled, since message types may contain themselves.
    private static func table(
        of raw: UnsafePointer<ProtobufCMessageDescriptor>,
        in messages: inout [UInt: UnsafeMutablePointer<DescriptorTable>]
    ) -> UnsafePointer<DescriptorTable> {
        if let table = messages[UInt(bitPattern: raw)] { return UnsafePointer(table) }
        let table = UnsafeMutablePointer<DescriptorTable>.allocate(capacity: 1)
        messages[UInt(bitPattern: raw)] = table
        let cFields = UnsafeBufferPointer(start: raw.pointee.fields, count: Int(raw.pointee.n_fields))
        let facts = UnsafeMutablePointer<FieldFacts>.allocate(capacity: max(1, cFields.count))
        var rules: [FieldRule] = []
        var messageFieldCount: UInt64 = 0
        for index in cFields.indices {
            let field = raw.pointee.fields + index
            let submessage =
                field.pointee.type == PROTOBUF_C_TYPE_MESSAGE
                ? DescriptorTables.table(
                    of: field.pointee.descriptor.assumingMemoryBound(to: ProtobufCMessageDescriptor.self),
                    in: &messages)
                : nil
            let kind = FieldDescriptor.Kind(
                field.pointee, message: submessage.map(MessageDescriptor.init(table:)))
            (facts + index).initialize(
                to: FieldFacts(raw: field, name: String(cString: field.pointee.name), kind: kind))
            let isRepeated = field.pointee.label == PROTOBUF_C_LABEL_REPEATED
            var rule = FieldRule(
                number: field.pointee.id, check: .init(kind), isRepeated: isRepeated, seenBit: 0,
                elementBytes: isRepeated ? kind.elementBytes : 0, index: UInt32(index), table: submessage)
            if submessage != nil && !isRepeated {
                precondition(messageFieldCount < 64, "a message with more than 64 message fields")
                rule.seenBit = 1 << messageFieldCount
                messageFieldCount += 1
            }
            rules.append(rule)
        }
        let fields = cFields.indices.map { FieldDescriptor(facts: UnsafePointer(facts + $0)) }
        table.initialize(to: DescriptorTable(raw: raw, fields: fields, rules: rules))
        return UnsafePointer(table)
    }
}

extension DescriptorTable {
    fileprivate init(
        raw: UnsafePointer<ProtobufCMessageDescriptor>, fields: [FieldDescriptor], rules: [FieldRule]
    ) {
        let small = rules.filter { $0.number < DescriptorTable.directCountMax }
        let count = (small.map { Int($0.number) }.max() ?? -1) + 1
        let none = FieldRule(
            number: 0, check: .varint, isRepeated: false, seenBit: 0, elementBytes: 0, index: 0, table: nil)
        let direct = UnsafeMutablePointer<FieldRule>.allocate(capacity: max(1, count))
        direct.initialize(repeating: none, count: max(1, count))
        for rule in small { direct[Int(rule.number)] = rule }
        let large = rules.filter { $0.number >= DescriptorTable.directCountMax }.sorted {
            $0.number < $1.number
        }
        let others = UnsafeMutablePointer<FieldRule>.allocate(capacity: max(1, large.count))
        others.initialize(from: large, count: large.count)
        self.init(
            raw: raw, name: String(cString: raw.pointee.name),
            shortName: String(cString: raw.pointee.short_name),
            fields: fields,
            fieldsByName: Dictionary(fields.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
            direct: UnsafePointer(direct), directCount: count, others: UnsafePointer(others),
            otherCount: large.count,
            structBytes: (raw.pointee.sizeof_message + 7) & ~7)
    }
}
