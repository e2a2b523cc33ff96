import RPC
import Wire

/// The stream is cut into frames, the frames into parts, the parts into fields.
///
/// Promises: however the bytes arrive, in one piece or split at any place, the same frames come out and the same refusal; what
/// was read and is written again reads the same.
enum Frames {
    /// Small, so that lengths above it occur.
    private static let frameBytesMax = 4_096
    /// An input of at most so many bytes is split at every place, a longer one at so many, evenly spaced.
    private static let splitCountMax = 48

    static func run(_ bytes: UnsafeRawBufferPointer) {
        let whole = Reading(pieces: [bytes])
        for frame in whole.frames { frame.requireSense() }
        let places = stride(from: 0, to: bytes.count, by: 1 + bytes.count / splitCountMax)
        let drops = (0..<bytes.count).map { UnsafeRawBufferPointer(rebasing: bytes[$0..<$0 + 1]) }
        require(Reading(pieces: drops) == whole, "a stream in single bytes reads like the whole")
        for place in places {
            let halves = [bytes[..<place], bytes[place...]].map { UnsafeRawBufferPointer(rebasing: $0) }
            require(Reading(pieces: halves) == whole, "a stream split at \(place) reads like the whole")
        }
        Parts.run(bytes)
    }

    /// What came of a stream.
    private struct Reading: Equatable {
        var frames: [FrameCopy] = []
        var refusal: String?

        init(pieces: [UnsafeRawBufferPointer]) {
            let buffer = ByteBuffer()
            var decoder = FrameDecoder(frameBytesMax: Frames.frameBytesMax)
            do {
                for piece in pieces {
                    buffer.append(piece)
                    while let body = try decoder.next(buffer) {
                        frames.append(FrameCopy(try FrameView(parsing: body)))
                    }
                }
            } catch {
                refusal = "\(error)"
            }
        }
    }
}

/// A frame that outlives its bytes.
private struct FrameCopy: Equatable {
    let callID: UInt64
    let credit: UInt32
    let flags: [Bool]
    let parts: [[UInt8]?]

    init(_ frame: FrameView) {
        callID = frame.callID
        credit = frame.credit
        flags = [frame.more, frame.end]
        parts = [
            frame.start, frame.header, frame.payload, frame.status, frame.cancel, frame.hello, frame.ping, frame.goAway,
        ].map { $0.map { Array($0) } }
    }

    /// The parts can be read or are refused, and the frame written again reads the same.
    func requireSense() {
        for part in parts { part?.withUnsafeBytes { Parts.run($0) } }
        requireRoundTrip()
    }

    private func requireRoundTrip() {
        let buffers = parts.map { part in
            part.map { bytes -> UnsafeMutableRawBufferPointer in
                let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
                copy.copyBytes(from: bytes)
                return copy
            }
        }
        defer { for buffer in buffers { buffer?.deallocate() } }
        let views = buffers.map { $0.map { UnsafeRawBufferPointer($0) } }
        var frame = FrameView(callID: callID)
        (frame.start, frame.header, frame.payload, frame.status) = (views[0], views[1], views[2], views[3])
        (frame.cancel, frame.hello, frame.ping, frame.goAway) = (views[4], views[5], views[6], views[7])
        (frame.more, frame.end, frame.credit) = (flags[0], flags[1], credit)
        let output = ByteBuffer()
        frame.append(to: output)
        let body = UnsafeRawBufferPointer(rebasing: output.readableBytes.dropFirst(FrameDecoder.prefixBytes))
        guard let again = try? FrameView(parsing: body) else { fatalError("broken promise: a written frame reads") }
        require(Self.same(again, as: self), "a frame written again reads the same")
    }

    private static func same(_ view: FrameView, as copy: FrameCopy) -> Bool {
        let parts = [
            view.start, view.header, view.payload, view.status, view.cancel, view.hello, view.ping, view.goAway,
        ]
        return view.callID == copy.callID && view.credit == copy.credit && [view.more, view.end] == copy.flags
            && zip(parts, copy.parts).allSatisfy { $0.map { Array($0) } == $1 }
    }
}

/// Any bytes, read as each of the envelope's nested messages.
private enum Parts {
    /// A status takes so much at most, whatever was quoted in it (`CallStatus.encoded`).
    private static let statusBytesMax = 530 << 10

    static func run(_ bytes: UnsafeRawBufferPointer) {
        start(bytes)
        hello(bytes)
        status(bytes)
        if let metadata = try? Metadata(parsing: bytes) { _ = metadata.firstBadKey(acceptsReserved: false) }
        if let ping = try? Ping(parsing: bytes) {
            let again = ping.encoded().withUnsafeBytes { try? Ping(parsing: $0) }
            require(again == ping, "a ping written again reads the same")
        }
        if let goAway = try? GoAway(parsing: bytes) { _ = goAway.encoded() }
    }

    private static func start(_ bytes: UnsafeRawBufferPointer) {
        guard let start = try? StartView(parsing: bytes) else { return }
        if let metadata = start.metadata { _ = try? Metadata(parsing: metadata) }
        let written = start.encoded()
        require(written.count == start.encodedSize, "a start has the size that was said")
        written.withUnsafeBytes { written in
            guard let again = try? StartView(parsing: written) else {
                fatalError("broken promise: a written start reads")
            }
            require(
                again.method.elementsEqual(start.method) && again.timeoutMillis == start.timeoutMillis
                    && same(again.requestID, start.requestID) && same(again.metadata, start.metadata)
                    && same(again.caller, start.caller), "a start written again reads the same")
        }
    }

    private static func same(_ one: UnsafeRawBufferPointer?, _ two: UnsafeRawBufferPointer?) -> Bool {
        one.map { Array($0) } == two.map { Array($0) }
    }

    private static func hello(_ bytes: UnsafeRawBufferPointer) {
        guard var hello = try? Hello(parsing: bytes) else { return }
        _ = hello.refusal
        // An agent that is not UTF-8 is repaired, and may then be cut elsewhere.
        hello.agent = ""
        let again = hello.encoded().withUnsafeBytes { try? Hello(parsing: $0) }
        require(again == hello, "a hello written again reads the same")
    }

    private static func status(_ bytes: UnsafeRawBufferPointer) {
        let cut = CallStatus.cut(bytes, to: CallStatus.bytesAlwaysFitting)
        require(
            bytes.count <= CallStatus.bytesAlwaysFitting || cut.count <= CallStatus.bytesAlwaysFitting,
            "a status is cut to what fits: \(cut.count) bytes")
        guard let status = try? CallStatus(parsing: bytes) else { return }
        let written = status.encoded()
        require(written.count <= statusBytesMax, "a status has a bound: \(written.count) bytes")
        let again = written.withUnsafeBytes { try? CallStatus(parsing: $0) }
        require(again?.error?.code == status.error?.code, "a status written again has the same code")
    }
}
