import TestSupport
import Testing
import Wire

/// Whatever is set comes back.
@Suite struct RoundTripTests {
    @Test(arguments: 0..<200)
    func encodedMessagesDecodeToThemselves(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let arena = Arena()
        let bytes = WireCodec.encode(SampleMaker.make(in: arena, depth: 3, using: &random))
        let decoded = try decode(bytes)
        #expect(WireCodec.encode(decoded) == bytes)
        #expect(WireCodec.encodedSize(decoded) == bytes.count)
    }

    @Test func readsBackEveryKindOfValue() throws {
        let message = Message.make(Sample.descriptor, in: Arena())
        message.setInt32(Sample.field("sint32_value"), -5)
        message.setInt64(Sample.field("int64_value"), .min)
        message.setUInt64(Sample.field("fixed64_value"), .max)
        message.setFloat(Sample.field("float_value"), 1.5)
        message.setDouble(Sample.field("double_value"), -2.25)
        message.setBool(Sample.field("bool_value"), false)
        message.setInt32(Sample.field("colour"), -2)
        message.setString(Sample.field("text"), "Grüße")
        message.setBytes(Sample.field("data"), [0, 255])
        message.makeMessage(Sample.field("inner")).setString(Sample.field("text"), "")
        message.setStrings(Sample.field("texts"), ["a", "", "c"])
        let copy = try decode(WireCodec.encode(message))
        #expect(copy.int32(Sample.field("sint32_value")) == -5)
        #expect(copy.int64(Sample.field("int64_value")) == .min)
        #expect(copy.uint64(Sample.field("fixed64_value")) == .max)
        #expect(copy.float(Sample.field("float_value")) == 1.5)
        #expect(copy.double(Sample.field("double_value")) == -2.25)
        #expect(copy.has(Sample.field("bool_value")) && !copy.bool(Sample.field("bool_value")))
        #expect(copy.int32(Sample.field("colour")) == -2)
        #expect(copy.string(Sample.field("text")) == "Grüße")
        #expect(Array(copy.bytes(Sample.field("data"))) == [0, 255])
        #expect(copy.message(Sample.field("inner"))?.string(Sample.field("text")) == "")
        #expect(copy.strings(Sample.field("texts")) == ["a", "", "c"])
        #expect(!copy.has(Sample.field("int32_value")) && !copy.has(Sample.field("operator")))
    }

    @Test func acceptsPackedAndUnpackedElements() throws {
        let packed = try decode(Bytes.body(22, [1, 2, 3]))
        let unpacked = try decode([0xB0, 0x01, 1, 0xB0, 0x01, 2, 0xB0, 0x01, 3])
        let numbers = Sample.field("numbers")
        for message in [packed, unpacked] {
            #expect((0..<message.count(numbers)).map { message.int64(numbers, at: $0) } == [1, 2, 3])
        }
    }

    @Test func clearsAndCopiesFields() throws {
        let arena = Arena()
        let (text, texts, flag, inner) = (
            Sample.field("text"), Sample.field("texts"), Sample.field("bool_value"), Sample.field("inner")
        )
        let source = Message.make(Sample.descriptor, in: arena)
        source.setString(text, "a")
        source.setStrings(texts, ["b"])
        source.setBool(flag, true)
        _ = source.makeMessage(inner)
        let target = Message.make(Sample.descriptor, in: arena)
        target.setInt64(Sample.field("int64_value"), 9)
        target.copyFields(from: source, only: [text, texts, flag])
        #expect(target.string(text) == "a" && target.strings(texts) == ["b"] && target.bool(flag))
        #expect(!target.has(inner) && target.int64(Sample.field("int64_value")) == 9)
        for field in [text, texts, flag] { target.clear(field) }
        #expect(![text, texts, flag].contains { target.has($0) })
        target.copyFields(from: source, only: [inner])
        target.copyFields(from: Message.make(Sample.descriptor, in: arena), only: [inner])
        #expect(!target.has(inner))
    }

    /// google.protobuf.Timestamp is of proto3: its C struct has no has_ flags.
    @Test func fieldsOfProto3HaveNoFlag() throws {
        let time = Message.make(Sample.descriptor, in: Arena()).makeMessage(Sample.field("create_time"))
        let seconds = try #require(time.descriptor.field("seconds"))
        #expect(!time.has(seconds))
        time.setInt64(seconds, 7)
        #expect(time.has(seconds) && time.int64(seconds) == 7)
        #expect(WireCodec.encode(time) == [0x08, 7])
        let copy = Message.make(time.descriptor, in: time.arena)
        copy.copyFields(from: time, only: [seconds])
        #expect(WireCodec.encode(copy) == [0x08, 7])
        time.clear(seconds)
        #expect(!time.has(seconds) && WireCodec.encode(time).isEmpty)
    }

    @Test func aNULThatIsSetIsToldWithItsField() throws {
        let arena = Arena()
        let message = Message.make(Sample.descriptor, in: arena)
        message.setString(Sample.field("text"), "a\0b\0")
        #expect(throws: WireError(.nulInText, fieldPath: "text", offset: nil)) { try message.checkTexts() }
        message.setString(Sample.field("text"), "ab")
        try message.checkTexts()
        let inner = message.makeMessage(Sample.field("inner"))
        inner.setStrings(Sample.field("texts"), ["a", "\0"])
        #expect(throws: WireError(.nulInText, fieldPath: "inner.texts", offset: nil)) { try message.checkTexts() }
        // Another message of the same arena.
        try Message.make(Sample.descriptor, in: arena).checkTexts()
        arena.reset()
        try Message.make(Sample.descriptor, in: arena).checkTexts()
    }

    @Test func describesTypes() throws {
        #expect(Sample.descriptor.name == "steward.sample.v1.Sample")
        #expect(Sample.descriptor.shortName == "Sample")
        #expect(Sample.field("inner").kind == .message(Sample.descriptor))
        #expect(Sample.field("colour").number == 14 && !Sample.field("colour").isRepeated)
        guard case .enumeration(let colour) = Sample.field("colour").kind else {
            Issue.record("colour is no enum")
            return
        }
        #expect(colour.name == "steward.sample.v1.Colour")
        #expect(colour.values.map(\.number) == [-2, 0, 1])
        #expect(colour.name(of: 1) == "COLOUR_RED" && colour.name(of: 5) == nil)
        #expect(colour.number(of: "COLOUR_IN") == -2 && colour.number(of: "RED") == nil)
    }

    @Test func anEmptyMessageIsNoBytes() throws {
        let message = try decode([])
        #expect(WireCodec.encode(message).isEmpty)
        #expect(!Sample.descriptor.fields.contains { message.has($0) })
    }
}
