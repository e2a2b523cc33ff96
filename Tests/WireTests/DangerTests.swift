import Testing
import Wire

/// What protobuf-c lets through, or crashes on, without the checked walk.
@Suite struct DangerTests {
    @Test func refusesTextThatANULWouldCut() throws {
        let bytes = Bytes.body(15, Array("ad\0min".utf8))
        let error = try #require(refusal(bytes))
        #expect(error.kind == .nulInText)
        #expect(error.fieldPath == "text")
        #expect(error.offset == 4)
    }

    @Test func refusesNestingThatWouldEndTheStack() throws {
        // 0.8 MB of inner { inner { … } }.
        var bytes: [UInt8] = []
        var tail: [[UInt8]] = []
        var size = 0
        while size < 800_000 {
            var level = Bytes()
            level.tag(17, 2)
            level.bytes += Bytes.varint(UInt64(size))
            tail.append(level.bytes)
            size += level.bytes.count
        }
        for level in tail.reversed() { bytes += level }
        let error = try #require(refusal(bytes))
        #expect(error.kind == .tooDeep(limit: 32))
    }

    @Test func acceptsTheDeepestNestingAllowed() throws {
        let deepest = (1..<WireLimits.depthMax).reduce(into: [UInt8]()) { bytes, _ in
            bytes = Bytes.body(17, bytes)
        }
        #expect(refusal(deepest) == nil)
        #expect(refusal(Bytes.body(17, deepest))?.kind == .tooDeep(limit: WireLimits.depthMax))
    }

    @Test func refusesEmptySubmessagesThatGrowTo100TimesTheirSize() throws {
        // A repeated submessage of 3 bytes becomes a struct of some 400.
        let one = Bytes.body(28, [])
        let count = 300_000
        let bytes = [UInt8]([[UInt8]](repeating: one, count: count).joined())
        let arena = Arena()
        let error = try #require(refusal(bytes))
        #expect(error.kind == .tooMuchMemory(limit: WireLimits.memoryBytesMax))
        #expect(arena.usedBytes == 0)
    }

    @Test func chargesAtLeastWhatTheArenaGives() throws {
        // The walk's account must not be lower than what protobuf-c then takes.
        var bytes = Bytes()
        for index in 0..<5000 {
            bytes.body(28, Bytes.body(15, Array("text \(index)".utf8)))
            bytes.number(22, UInt64(index))
            bytes.body(27, [1, 2, 3])
            bytes.body(77, [UInt8](repeating: 7, count: 13))
        }
        let arena = Arena()
        _ = try decode(bytes.bytes, arena: arena)
        let used = arena.usedBytes
        #expect(refusal(bytes.bytes, limits: WireLimits(memoryBytesMax: used - 1)) != nil)
        #expect(refusal(bytes.bytes, limits: WireLimits(memoryBytesMax: used * 5 / 4)) == nil)
    }

    @Test func refusesTooManyElements() throws {
        let packed = Bytes.body(22, [UInt8](repeating: 1, count: 1001))
        #expect(
            refusal(packed, limits: WireLimits(elementCountMax: 1000))?.kind == .tooManyElements(limit: 1000))
        let unpacked = (0..<1001).flatMap { _ in [UInt8]([0xB0, 0x01, 0x01]) }
        #expect(
            refusal(unpacked, limits: WireLimits(elementCountMax: 1000))?.kind
                == .tooManyElements(limit: 1000))
        #expect(refusal(packed) == nil)
    }

    @Test func refusesASecondSubmessageThatWouldBeMerged() throws {
        let twice = Bytes.body(17, []) + Bytes.body(17, [])
        #expect(refusal(twice)?.kind == .duplicateMessage)
        #expect(refusal(twice)?.fieldPath == "inner")
    }

    @Test func namesTheWholePath() throws {
        let bytes = Bytes.body(17, Bytes.body(28, Bytes.body(26, [0xFF])))
        let error = try #require(refusal(bytes))
        #expect(error.fieldPath == "inner.samples.texts")
        #expect("\(error)".contains("in field inner.samples.texts, at byte"))
    }

    @Test func theArenaStopsProtobufCAsWell() throws {
        let arena = Arena(byteLimit: 4096)
        let bytes = Bytes.body(16, [UInt8](repeating: 1, count: 10_000))
        #expect(throws: WireError(.tooMuchMemory(limit: 4096))) {
            try bytes.withUnsafeBytes { _ = try WireCodec.decode($0, as: Sample.descriptor, arena: arena) }
        }
    }
}
