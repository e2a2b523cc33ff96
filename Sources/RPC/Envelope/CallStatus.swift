/// The outcome of a call as it travels: steward.rpc.v1.Status.
package struct CallStatus: Sendable {
    /// What went wrong; nil for OK.
    package var error: RPCError?
    /// What the call cost.
    package var budget: Budget?

    package init(error: RPCError? = nil, budget: Budget? = nil) {
        self.error = error
        self.budget = budget ?? error?.budget
    }

    /// The encoded Status of a call that succeeded and says no more: an empty message.
    package static let okBytes: [UInt8] = []

    /// The encoded Status. Texts that are too long are cut, of lists that are too long the rest is left out: at most 530 KiB.
    package func encoded() -> [UInt8] {
        var builder = ProtoBuilder()
        if let error { Self.write(error, &builder) }
        if let budget { budget.withEncodedStatus { builder.raw($0) } }
        return builder.bytes
    }

    private static func write(_ error: RPCError, _ builder: inout ProtoBuilder) {
        builder.field(1, UInt64(truncatingIfNeeded: error.code.rawValue))
        builder.field(2, text: error.message, bytesMax: textBytesMax)
        builder.field(3, text: error.reason, bytesMax: nameBytesMax)
        builder.field(4, text: error.domain, bytesMax: nameBytesMax)
        for detail in error.details.prefix(detailCountMax) {
            builder.message(5) { inner in
                inner.field(1, text: detail.key, bytesMax: nameBytesMax)
                inner.field(2, text: detail.value, bytesMax: textBytesMax)
            }
        }
        write(error.fieldViolations, &builder)
        if let delay = error.retryDelay {
            builder.message(7) { $0.field(1, delay.millisecondsClamped) }
        }
        if let conflict = error.conflict { write(conflict, &builder) }
    }

    private static func write(_ violations: [FieldViolation], _ builder: inout ProtoBuilder) {
        for violation in FieldViolation.listed(violations) {
            builder.message(6) { inner in
                inner.field(1, text: violation.field, bytesMax: nameBytesMax)
                inner.field(2, text: violation.reason, bytesMax: nameBytesMax)
                inner.field(3, text: violation.description, bytesMax: textBytesMax)
            }
        }
    }

    private static func write(_ conflict: Conflict, _ builder: inout ProtoBuilder) {
        let fits = conflict.base.count + conflict.mine.count + conflict.theirs.count <= conflictBytesMax
        builder.message(8) { inner in
            inner.field(1, text: conflict.type, bytesMax: nameBytesMax)
            inner.field(2, fits ? conflict.base : [])
            inner.field(3, fits ? conflict.mine : [])
            inner.field(4, fits ? conflict.theirs : [])
            for field in conflict.fields.prefix(violationCountMax) {
                inner.field(5, text: field, bytesMax: nameBytesMax)
            }
        }
    }
}

extension FieldViolation {
    /// Most that a status lists; whoever mends a hundred can ask again. One more then says how many are left out.
    package static let listedMax = CallStatus.violationCountMax
    private static let moreReason = "MORE_VIOLATIONS"

    /// Stands after `listedMax` others for those that are not listed.
    ///
    /// - Parameter place: the field of the first of them.
    package static func more(_ count: Int, at place: String) -> FieldViolation {
        FieldViolation(field: place, reason: moreReason, description: "\(count) more fields are wrong.")
    }

    /// It stands for others.
    var isMore: Bool { reason == Self.moreReason }

    /// What a status lists: all, or the first with one that stands for the others, be it there already.
    fileprivate static func listed(_ violations: [FieldViolation]) -> [FieldViolation] {
        let unlisted = violations.dropFirst(listedMax)
        guard let next = unlisted.first else { return violations }
        let more = next.isMore ? next : more(unlisted.count, at: next.field)
        return violations.prefix(listedMax) + [more]
    }
}

extension CallStatus {
    /// Reads an encoded Status.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        self.init()
        guard bytes.count > 0 else { return }
        var read = RPCError(.ok, reason: "", domain: "", "")
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .varint(let value)): read.code = StatusCode(rawValue: Int32(truncatingIfNeeded: value))
            case (2, .bytes(let value)): read.message = Self.text(value)
            case (3, .bytes(let value)): read.reason = Self.text(value)
            case (4, .bytes(let value)): read.domain = Self.text(value)
            case (5, .bytes(let value)):
                let texts = try Self.texts(value)
                read.details.append((key: texts.0, value: texts.1))
            case (6, .bytes(let value)):
                let texts = try Self.texts(value)
                read.fieldViolations.append(
                    FieldViolation(field: texts.0, reason: texts.1, description: texts.2))
            case (7, .bytes(let value)):
                read.retryDelay = .milliseconds(Int64(clamping: try Self.numbers(value).0))
            case (8, .bytes(let value)): read.conflict = try Self.conflict(value)
            case (9, .bytes(let value)):
                let numbers = try Self.numbers(value)
                budget = Budget(
                    cost: UInt32(clamping: numbers.0), remaining: UInt32(clamping: numbers.1),
                    reset: .milliseconds(Int64(clamping: numbers.2)))
            default: break
            }
        }
        read.budget = budget
        if read.code != .ok { error = read }
    }

    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The first three text fields of a message.
    private static func texts(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) -> (
        String, String, String
    ) {
        var texts = ("", "", "")
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .bytes(let value)): texts.0 = text(value)
            case (2, .bytes(let value)): texts.1 = text(value)
            case (3, .bytes(let value)): texts.2 = text(value)
            default: break
            }
        }
        return texts
    }

    /// The first three number fields of a message.
    private static func numbers(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) -> (
        UInt64, UInt64, UInt64
    ) {
        var numbers: (UInt64, UInt64, UInt64) = (0, 0, 0)
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .varint(let value)): numbers.0 = value
            case (2, .varint(let value)): numbers.1 = value
            case (3, .varint(let value)): numbers.2 = value
            default: break
            }
        }
        return numbers
    }

    private static func conflict(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) -> Conflict {
        var conflict = Conflict(type: "", base: [], mine: [], theirs: [], fields: [])
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .bytes(let value)): conflict.type = text(value)
            case (2, .bytes(let value)): conflict.base = Array(value)
            case (3, .bytes(let value)): conflict.mine = Array(value)
            case (4, .bytes(let value)): conflict.theirs = Array(value)
            case (5, .bytes(let value)): conflict.fields.append(text(value))
            default: break
            }
        }
        return conflict
    }
}
