import TestSupport
import Testing
import Wire

/// What is written field by field is the message.
@Suite struct WriterTests {
    @Test(arguments: 0..<200)
    func writesWhatTheCodecReads(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let message = SampleMaker.make(in: Arena(), depth: 3, using: &random)
        // A small beginning, so that it grows, also inside of what is nested.
        let writer = WireWriter(capacity: 1)
        write(message, to: writer)
        let read = try decode(writer.bytes)
        #expect(WireCodec.encode(read) == WireCodec.encode(message))
        #expect(writer.count == WireCodec.encodedSize(message))
    }

    /// A length has one byte up to 127, two up to 16,383, three above.
    @Test(arguments: [0, 1, 124, 125, 126, 127, 128, 16_379, 16_380, 16_381, 16_382, 16_383, 16_384, 100_000])
    func nestedMessagesOfEveryLength(_ count: Int) throws {
        let text = String(repeating: "x", count: count)
        let writer = WireWriter(capacity: 64)
        writer.write(Sample.field("inner")) {
            text.utf8.withContiguousStorageIfAvailable {
                writer.write(Sample.field("text"), utf8: UnsafeRawBufferPointer($0))
            }
        }
        writer.write(Sample.field("int64_value"), 7 as Int64)
        let read = try decode(writer.bytes)
        #expect(read.message(Sample.field("inner"))?.string(Sample.field("text")) == text)
        #expect(read.int64(Sample.field("int64_value")) == 7)
    }

    @Test func truncatingTakesBackWhatCameLast() throws {
        let writer = WireWriter(capacity: 64)
        writer.write(Sample.field("int64_value"), 7 as Int64)
        let count = writer.count
        writer.write(Sample.field("int64_value"), 8 as Int64)
        writer.truncate(to: count)
        let read = try decode(writer.bytes)
        #expect(read.int64(Sample.field("int64_value")) == 7)
    }

    private func write(_ message: Message, to writer: WireWriter) {
        for field in message.descriptor.fields where message.has(field) {
            switch (field.kind, field.isRepeated) {
            case (.string, false): if let text = message.utf8(field) { writer.write(field, utf8: text) }
            case (.int64, false): writer.write(field, message.int64(field))
            case (.int32, false), (.enumeration, false): writer.write(field, Int64(message.int32(field)))
            case (.bool, false): writer.write(field, message.bool(field))
            case (.double, false): writer.write(field, message.double(field))
            case (.message, false):
                if let nested = message.message(field) { writer.write(field) { write(nested, to: writer) } }
            default:
                let alone = Message.make(message.descriptor, in: message.arena)
                alone.copyFields(from: message, only: [field])
                writer.write(fieldsOf: alone)
            }
        }
    }
}
