import Testing
import Wire

@Suite struct FramingTests {
    private static let bodies: [[UInt8]] = [[1], [2, 3], [UInt8](repeating: 4, count: 300), [5]]

    private static var stream: [UInt8] {
        bodies.flatMap { body in [0, 0, UInt8(body.count >> 8), UInt8(body.count & 255)] + body }
    }

    /// Feeds the pieces one after the other and gives the frames that come out.
    private func frames(_ pieces: [[UInt8]]) throws -> [[UInt8]] {
        let buffer = ByteBuffer()
        var decoder = FrameDecoder(frameBytesMax: 300)
        var frames: [[UInt8]] = []
        for piece in pieces {
            buffer.append(piece)
            while let frame = try decoder.next(buffer) { frames.append(Array(frame)) }
        }
        #expect(buffer.isEmpty)
        return frames
    }

    @Test func readsByteByByte() throws {
        #expect(try frames(FramingTests.stream.map { [$0] }) == FramingTests.bodies)
    }

    @Test func readsAllAtOnce() throws {
        #expect(try frames([FramingTests.stream]) == FramingTests.bodies)
    }

    @Test func readsSplitAnywhere() throws {
        let stream = FramingTests.stream
        for cut in 0...stream.count {
            #expect(try frames([Array(stream[..<cut]), Array(stream[cut...])]) == FramingTests.bodies)
        }
    }

    @Test func refusesALongFrameBeforeItsBytes() throws {
        let buffer = ByteBuffer()
        var decoder = FrameDecoder(frameBytesMax: 300)
        buffer.append([0, 0, 1])
        #expect(try decoder.next(buffer) == nil)
        buffer.append([0x2D])
        #expect(throws: WireError(.frameTooLong(limit: 300))) { try decoder.next(buffer) }
    }

    @Test func refusesAnEmptyFrame() throws {
        let buffer = ByteBuffer()
        var decoder = FrameDecoder(frameBytesMax: 300)
        buffer.append([0, 0, 0, 0])
        #expect(throws: WireError(.emptyFrame)) { try decoder.next(buffer) }
    }
}
