/// What a side of a connection can do; binds what the other side may send.
package struct Hello: Sendable, Hashable {
    /// The protocol version that this code speaks.
    package static let version: UInt32 = 1

    /// Protocol versions: lowest.
    package var versionMin: UInt32 = Hello.version
    /// Protocol versions: highest.
    package var versionMax: UInt32 = Hello.version
    /// Program and version, for the logs.
    package var agent = ""
    /// Longest frame accepted, without the length prefix.
    package var frameBytesMax: UInt32
    /// Largest application message accepted in a unary call.
    package var messageBytesMax: UInt32
    /// Most calls served at once on this connection.
    package var callsMax: UInt32
    /// Payload bytes that may be sent on a new call before credit is granted; nil: not counted.
    package var callCredit: UInt32?
    /// Payload bytes that may be sent on the connection before credit is granted; nil: not counted.
    package var connectionCredit: UInt32?

    package init(
        agent: String, frameBytesMax: UInt32, messageBytesMax: UInt32, callsMax: UInt32, callCredit: UInt32?,
        connectionCredit: UInt32?
    ) {
        self.agent = agent
        self.frameBytesMax = frameBytesMax
        self.messageBytesMax = messageBytesMax
        self.callsMax = callsMax
        self.callCredit = callCredit
        self.connectionCredit = connectionCredit
    }

    /// What may be assumed of a server before its hello has come, and the least it may announce: so that a client can
    /// send its hello and its first calls in one go.
    package static let assumed = Hello(
        agent: "", frameBytesMax: 65_536, messageBytesMax: 65_536, callsMax: 16, callCredit: 65_536,
        connectionCredit: 262_144)

    /// Reads an encoded Hello. An absent limit counts as the assumed one, absent credit as not counted.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
        self = .assumed
        callCredit = nil
        connectionCredit = nil
        versionMin = 0
        versionMax = 0
        callsMax = 0
        var reader = ProtoReader(bytes)
        while let field = try reader.next() {
            switch field {
            case (1, .varint(let value)): versionMin = UInt32(clamping: value)
            case (2, .varint(let value)): versionMax = UInt32(clamping: value)
            case (3, .bytes(let value)): agent = String(decoding: value.prefix(128), as: UTF8.self)
            case (4, .varint(let value)): frameBytesMax = UInt32(clamping: value)
            case (5, .varint(let value)): messageBytesMax = UInt32(clamping: value)
            case (6, .varint(let value)): callsMax = UInt32(clamping: value)
            case (7, .varint(let value)): callCredit = UInt32(clamping: value)
            case (8, .varint(let value)): connectionCredit = UInt32(clamping: value)
            default: break
            }
        }
    }

    /// The encoded Hello.
    package func encoded() -> [UInt8] {
        var builder = ProtoBuilder()
        builder.field(1, UInt64(versionMin))
        builder.field(2, UInt64(versionMax))
        builder.field(3, text: agent)
        builder.field(4, UInt64(frameBytesMax))
        builder.field(5, UInt64(messageBytesMax))
        builder.field(6, UInt64(callsMax))
        if let callCredit { builder.field(7, UInt64(callCredit)) }
        if let connectionCredit { builder.field(8, UInt64(connectionCredit)) }
        return builder.bytes
    }

    /// Why a connection with this peer cannot be used; nil when it can.
    package var refusal: String? {
        if versionMin > Hello.version || versionMax < Hello.version {
            return
                "The peer speaks protocol versions \(versionMin) to \(versionMax), this side speaks 1 only."
        }
        if frameBytesMax < 16_384 { return "frame_bytes_max is \(frameBytesMax); it must be at least 16384." }
        return nil
    }
}
