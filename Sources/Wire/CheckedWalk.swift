import CProtobufC

/// Walks once over the bytes of a message, against its descriptor, before protobuf-c sees them: everything
/// that protobuf-c does not check, or checks by crashing, is refused here. Allocates nothing unless it
/// refuses.
struct CheckedWalk {
    /// protobuf-c notes the members of a message as it scans them: the first 16 on the stack, then in slabs
    /// of 32, 64 … in the arena, of so many bytes each.
    private static let scannedMemberBytes = 32
    private static let scannedMembersOnStack = 16
    /// What protobuf-c keeps for an unknown field, besides its bytes.
    private static let unknownFieldBytes = MemoryLayout<ProtobufCMessageUnknownField>.stride
    /// protobuf-c reads tags and lengths of at most so many bytes.
    private static let prefixBytesMax = 5
    private static let numberBytesMax = 10

    private let base: UnsafePointer<UInt8>
    private let limits: WireLimits
    private var memoryLeft: Int
    private var elementsLeft: Int
    private var failure: WireError.Kind?
    private var failureOffset = 0
    private var failurePath: [String] = []

    init(base: UnsafePointer<UInt8>, limits: WireLimits) {
        self.base = base
        self.limits = limits
        memoryLeft = limits.memoryBytesMax
        elementsLeft = limits.elementCountMax
    }

    /// Why the walk was refused.
    var error: WireError {
        WireError(
            failure ?? .truncated, fieldPath: failurePath.reversed().joined(separator: "."),
            offset: failureOffset)
    }

    /// Walks one message; `depth` is 1 for the outermost. False: refused, see `error`.
    mutating func message(
        _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ table: UnsafePointer<DescriptorTable>,
        depth: Int
    ) -> Bool {
        guard depth <= limits.depthMax else { return refuse(.tooDeep(limit: limits.depthMax), start) }
        guard charge(table.pointee.structBytes, start) else { return false }
        var cursor = start
        var members = 0
        var seen: UInt64 = 0
        while cursor < end {
            let fieldStart = cursor
            guard let tag = prefix(&cursor, end) else { return false }
            members += 1
            elementsLeft -= 1
            guard elementsLeft >= 0 else { return refuseElements(fieldStart) }
            let number = tag >> 3
            guard number > 0 else { return refuse(.malformedNumber, fieldStart) }
            guard let rule = table.pointee.rule(number) else {
                guard unknown(&cursor, end, wireType: tag & 7, fieldStart) else { return false }
                continue
            }
            guard known(&cursor, end, wireType: tag & 7, rule, &seen, depth) else {
                failurePath.append(table.pointee.fields[Int(rule.pointee.index)].name)
                return false
            }
        }
        return members <= CheckedWalk.scannedMembersOnStack || chargeScan(members, start)
    }

    @inline(__always)
    private mutating func known(
        _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, wireType: UInt32,
        _ rule: UnsafePointer<FieldRule>, _ seen: inout UInt64, _ depth: Int
    ) -> Bool {
        if rule.pointee.isRepeated {
            guard charge((Int(rule.pointee.elementBytes) + 7) & ~7, cursor) else { return false }
        }
        switch (rule.pointee.check, wireType) {
        case (.varint, 0): return number(&cursor, end)
        case (.fixed64, 1): return skip(8, &cursor, end)
        case (.fixed32, 5): return skip(4, &cursor, end)
        case (.text, 2):
            guard let bytes = body(&cursor, end) else { return false }
            return charge((bytes.count + 8) & ~7, cursor) && text(bytes)
        case (.bytes, 2):
            guard let bytes = body(&cursor, end) else { return false }
            return charge((bytes.count + 7) & ~7, cursor)
        case (.message, 2): return submessage(&cursor, end, rule, &seen, depth)
        case (.varint, 2), (.fixed32, 2), (.fixed64, 2):
            guard rule.pointee.isRepeated else { return refuse(.mismatchedWireType, cursor) }
            return packed(&cursor, end, rule)
        case (_, 3), (_, 4), (_, 6), (_, 7): return refuse(.refusedWireType, cursor)
        default: return refuse(.mismatchedWireType, cursor)
        }
    }

    private mutating func submessage(
        _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ rule: UnsafePointer<FieldRule>,
        _ seen: inout UInt64, _ depth: Int
    ) -> Bool {
        let start = cursor
        guard let bytes = body(&cursor, end), let table = rule.pointee.table else { return false }
        // protobuf-c would merge the two, copying their repeated fields each time: quadratic work.
        guard seen & rule.pointee.seenBit == 0 else { return refuse(.duplicateMessage, start) }
        seen |= rule.pointee.seenBit
        return message(bytes.start, bytes.start + bytes.count, table, depth: depth + 1)
    }

    /// Elements of a repeated number in one field.
    private mutating func packed(
        _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, _ rule: UnsafePointer<FieldRule>
    ) -> Bool {
        let start = cursor
        guard let bytes = body(&cursor, end) else { return false }
        var count = 0
        switch rule.pointee.check {
        case .fixed32, .fixed64:
            let width = rule.pointee.check == .fixed32 ? 4 : 8
            guard bytes.count % width == 0 else { return refuse(.truncated, start) }
            count = bytes.count / width
        default:
            var element = bytes.start
            let last = bytes.start + bytes.count
            while element < last {
                guard number(&element, last) else { return false }
                count += 1
            }
        }
        elementsLeft -= count
        guard elementsLeft >= 0 else { return refuseElements(start) }
        return charge(count * Int(rule.pointee.elementBytes), start)
    }

    private mutating func unknown(
        _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>, wireType: UInt32,
        _ fieldStart: UnsafePointer<UInt8>
    ) -> Bool {
        let start = cursor
        switch wireType {
        case 0: guard number(&cursor, end) else { return false }
        case 1: guard skip(8, &cursor, end) else { return false }
        case 2: guard body(&cursor, end) != nil else { return false }
        case 5: guard skip(4, &cursor, end) else { return false }
        default: return refuse(.refusedWireType, fieldStart)
        }
        return charge(CheckedWalk.unknownFieldBytes + ((cursor - start + 7) & ~7), start)
    }

    // MARK: Bytes

    /// A tag or a length: at most 5 bytes, at most 32 bits.
    @inline(__always)
    private mutating func prefix(_ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> UInt32? {
        if cursor < end, cursor.pointee < 0x80 {
            let value = UInt32(cursor.pointee)
            cursor += 1
            return value
        }
        return longPrefix(&cursor, end)
    }

    private mutating func longPrefix(_ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>)
        -> UInt32?
    {
        let start = cursor
        var value: UInt64 = 0
        for index in 0..<CheckedWalk.prefixBytesMax {
            guard cursor < end else { return refused(.truncated, start) }
            let byte = cursor.pointee
            cursor += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * index)
            if byte < 0x80 {
                guard let value = UInt32(exactly: value) else { return refused(.malformedNumber, start) }
                return value
            }
        }
        return refused(.malformedNumber, start)
    }

    @inline(__always)
    private mutating func number(_ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
        let start = cursor
        while cursor < end {
            let byte = cursor.pointee
            cursor += 1
            if byte < 0x80 { return true }
            if cursor - start == CheckedWalk.numberBytesMax { return refuse(.malformedNumber, start) }
        }
        return refuse(.truncated, start)
    }

    @inline(__always)
    private mutating func skip(
        _ count: Int, _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> Bool {
        guard end - cursor >= count else { return refuse(.truncated, cursor) }
        cursor += count
        return true
    }

    /// The bytes after a length.
    @inline(__always)
    private mutating func body(
        _ cursor: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> (start: UnsafePointer<UInt8>, count: Int)? {
        guard let length = prefix(&cursor, end) else { return nil }
        guard end - cursor >= Int(length) else {
            _ = refuse(.truncated, cursor)
            return nil
        }
        let start = cursor
        cursor += Int(length)
        return (start, Int(length))
    }

    @inline(__always)
    private mutating func text(_ bytes: (start: UnsafePointer<UInt8>, count: Int)) -> Bool {
        switch TextCheck.check(bytes.start, bytes.count) {
        case .valid: true
        case .nul(let offset): refuse(.nulInText, bytes.start + offset)
        case .invalid(let offset): refuse(.invalidText, bytes.start + offset)
        }
    }

    // MARK: Budgets

    @inline(__always)
    private mutating func charge(_ bytes: Int, _ place: UnsafePointer<UInt8>) -> Bool {
        memoryLeft -= bytes
        return memoryLeft >= 0 || refuse(.tooMuchMemory(limit: limits.memoryBytesMax), place)
    }

    private mutating func chargeScan(_ members: Int, _ place: UnsafePointer<UInt8>) -> Bool {
        var capacity = CheckedWalk.scannedMembersOnStack
        var slab = 2 * CheckedWalk.scannedMembersOnStack
        while capacity < members {
            guard charge(slab * CheckedWalk.scannedMemberBytes, place) else { return false }
            capacity += slab
            slab *= 2
        }
        return true
    }

    private mutating func refuse(_ kind: WireError.Kind, _ place: UnsafePointer<UInt8>) -> Bool {
        failure = kind
        failureOffset = place - base
        return false
    }

    private mutating func refused(_ kind: WireError.Kind, _ place: UnsafePointer<UInt8>) -> UInt32? {
        _ = refuse(kind, place)
        return nil
    }

    private mutating func refuseElements(_ place: UnsafePointer<UInt8>) -> Bool {
        refuse(.tooManyElements(limit: limits.elementCountMax), place)
    }
}
