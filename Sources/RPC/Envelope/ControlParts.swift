/// The small parts of a frame that concern the connection.
package struct Ping: Sendable, Hashable {
    /// Any number; comes back unchanged.
    package var token: UInt64
    /// Set in the answer.
    package var isAnswer: Bool

    package init(token: UInt64, isAnswer: Bool) {
        self.token = token
        self.isAnswer = isAnswer
    }

    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        self.init(token: 0, isAnswer: false)
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .varint(let value)): token = value
            case (2, .varint(let value)): isAnswer = value != 0
            default: break
            }
        }
    }

    package func encoded() -> [UInt8] {
        var builder = ProtoBuilder()
        builder.field(1, token)
        if isAnswer { builder.field(2, 1) }
        return builder.bytes
    }
}

/// The sender takes no new calls on this connection.
package struct GoAway: Sendable {
    /// The highest call id that the sender has begun or will finish.
    package var lastCallID: UInt64
    /// Why; nil for an orderly drain.
    package var error: RPCError?

    /// Announces a drain without naming a last call yet: calls that are under way still count.
    package static let announcedLastCallID = UInt64.max

    package init(lastCallID: UInt64, error: RPCError? = nil) {
        self.lastCallID = lastCallID
        self.error = error
    }

    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        self.init(lastCallID: 0)
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .varint(let value)): lastCallID = value
            case (2, .bytes(let value)): error = try CallStatus(parsing: value).error
            default: break
            }
        }
    }

    package func encoded() -> [UInt8] {
        var builder = ProtoBuilder()
        builder.field(1, lastCallID)
        builder.field(2, error.map { CallStatus(error: $0).encoded() } ?? [])
        return builder.bytes
    }
}

/// The caller no longer wants the answer.
package enum Cancel {
    /// Longest reason, in bytes: it is for a log line.
    package static let reasonBytesMax = 256

    package static func encoded(reason: String) -> [UInt8] {
        var builder = ProtoBuilder()
        builder.field(1, reason.utf8.prefix(reasonBytesMax))
        return builder.bytes
    }
}
