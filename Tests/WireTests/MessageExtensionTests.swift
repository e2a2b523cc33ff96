import TestSupport
import Testing
import Wire

@Suite struct MessageExtensionTests {
    private static func make() -> MessageExtension {
        MessageExtension(
            of: Sample.descriptor,
            adding: [
                .init("custom.1", .string), .init("custom.2", .bool), .init("custom.3", .int64),
                .init("custom.4", .message(Sample.descriptor)), .init("custom.5", .string, isRepeated: true),
                .init("custom.6", .double),
            ])
    }

    @Test func addedFieldsHoldWhatTheyAreGiven() throws {
        let type = Self.make()
        let message = Message.make(type.descriptor, in: Arena())
        for field in type.fields { #expect(!message.has(field), "\(field.name)") }
        message.setString(type.fields[0], "一")
        message.setBool(type.fields[1], false)
        message.setInt64(type.fields[2], .min)
        message.makeMessage(type.fields[3]).setString(Sample.field("text"), "nested")
        message.setStrings(type.fields[4], ["a", "b"])
        message.setDouble(type.fields[5], -0.5)
        message.setString(Sample.field("text"), "base")
        for field in type.fields { #expect(message.has(field), "\(field.name)") }
        #expect(message.string(type.fields[0]) == "一" && !message.bool(type.fields[1]))
        #expect(message.int64(type.fields[2]) == .min && message.double(type.fields[5]) == -0.5)
        #expect(message.message(type.fields[3])?.string(Sample.field("text")) == "nested")
        #expect(message.strings(type.fields[4]) == ["a", "b"])
        #expect(message.string(Sample.field("text")) == "base")
        for field in type.fields { message.clear(field) }
        for field in type.fields { #expect(!message.has(field), "\(field.name)") }
        #expect(message.string(Sample.field("text")) == "base")
    }

    /// The fields of the base are those of the extension, in their places, and nothing else is sent.
    @Test(arguments: 0..<100) func toProtobufItIsTheBase(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let type = Self.make()
        let arena = Arena()
        let base = SampleMaker.make(in: arena, depth: 3, using: &random)
        let bytes = WireCodec.encode(base)
        let extended = base.extended(by: type.descriptor)
        for field in type.fields { #expect(!extended.has(field)) }
        extended.setString(type.fields[0], "left out")
        extended.setInt64(type.fields[2], 7)
        #expect(WireCodec.encode(extended) == bytes && WireCodec.encode(extended.based) == bytes)
        let copy = Message.make(type.descriptor, in: arena)
        copy.copyFields(from: extended, only: type.descriptor.fields)
        #expect(WireCodec.encode(copy) == bytes && copy.string(type.fields[0]) == "left out")
        let outer = Message.make(Sample.descriptor, in: arena)
        outer.setMessage(Sample.field("inner"), extended)
        #expect(
            try decode(WireCodec.encode(outer)).message(Sample.field("inner")).map { WireCodec.encode($0) } == bytes)
    }

    @Test func fieldsAreFoundByName() {
        let type = Self.make()
        #expect(type.descriptor.field("custom.3") == type.fields[2] && type.descriptor.field("text") != nil)
        #expect(type.descriptor.field("custom.9") == nil && Sample.descriptor.field("custom.3") == nil)
        #expect(type.descriptor.base == Sample.descriptor && Sample.descriptor.base == Sample.descriptor)
        #expect(type.descriptor.fields.count == Sample.descriptor.fields.count + 6)
    }

    @Test func extensionsComeAndGo() {
        for _ in 0..<2_000 {
            let type = Self.make()
            let message = Message.make(type.descriptor, in: Arena())
            message.setString(type.fields[0], "x")
            #expect(message.string(type.fields[0]) == "x")
        }
    }
}
