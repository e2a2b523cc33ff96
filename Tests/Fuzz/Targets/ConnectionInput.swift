import RPC
import Wire

/// A conversation with a server, on loopback over TLS, one connection for each input.
///
/// The input is a list of chunks. A chunk begins with a byte: below 0x80, so many bytes follow and are sent as the body of a
/// frame, behind a length that is right; from 0x80 on, so many bytes less 0x80 follow and are sent as they are. A first byte of
/// the input that is odd lets a proper hello go ahead.
///
/// Promises: the server does not crash; once the client has gone, the connection ends within a time and leaves no call, no
/// handler and no memory behind (libFuzzer watches the memory of the process).
enum ConnectionInput {
    /// How long a server may take to be done with a connection whose client has gone. Far more than the sanitizers need.
    private static let settleSecondsMax = 20.0

    private static let server = FuzzServer()

    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return }
        var stream = first & 1 == 1 ? hello : []
        append(Array(bytes.dropFirst()), to: &stream)
        server.converse(stream)
        require(server.settles(within: settleSecondsMax), "the server is done with a connection that has gone")
    }

    private static let hello: [UInt8] = {
        let hello = Hello(
            agent: "fuzz/1", frameBytesMax: 1 << 16, messageBytesMax: 1 << 16, callsMax: 0, callCredit: 4_096,
            connectionCredit: 8_192)
        let body = hello.encoded().withUnsafeBytes { bytes in
            let buffer = ByteBuffer()
            var frame = FrameView()
            frame.hello = bytes
            frame.append(to: buffer)
            return buffer.copy()
        }
        return body
    }()

    private static func append(_ chunks: [UInt8], to stream: inout [UInt8]) {
        var rest = chunks[...]
        while let head = rest.popFirst() {
            let body = rest.prefix(Int(head & 0x7f))
            rest = rest.dropFirst(body.count)
            if head < 0x80 { stream += [0, 0, 0, UInt8(body.count)] }
            stream += body
        }
    }
}
