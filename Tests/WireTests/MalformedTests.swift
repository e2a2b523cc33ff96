import TestSupport
import Testing
import Wire

/// Bytes that are not a message.
@Suite struct MalformedTests {
    @Test(
        arguments: [
            ([0x08], WireError.Kind.truncated),  // Tag without a number.
            ([0x08, 0x80], .truncated),  // Number without its end.
            ([0x7A, 0x05, 0x61], .truncated),  // Shorter than its length.
            ([0x1D, 1, 2, 3], .truncated),  // Three bytes of a sfixed32.
            ([0x19, 1, 2, 3], .mismatchedWireType),  // Eight bytes announced for a sfixed32.
            ([0x08] + [UInt8](repeating: 0x80, count: 10) + [1], .malformedNumber),
            ([0x80, 0x80, 0x80, 0x80, 0x80, 0x01], .malformedNumber),  // A tag of 6 bytes.
            ([0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .malformedNumber),  // A tag beyond 32 bits.
            ([0x00, 0x01], .malformedNumber),  // Field 0.
            ([0x7A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .malformedNumber),  // A length beyond 32 bits.
            ([0x7B], .refusedWireType), ([0x7C], .refusedWireType), ([0x7E], .refusedWireType),
            ([0xFB, 0x07], .refusedWireType), ([0xFC, 0x07], .refusedWireType),
            ([0xFF, 0x07], .refusedWireType),
            ([0x7D, 1, 2, 3, 4], .mismatchedWireType), ([0x78, 1], .mismatchedWireType),
            ([0x0A, 1, 1], .mismatchedWireType),  // A packed field that is not repeated.
            ([0x88, 0x01, 0x01], .mismatchedWireType),  // A number for a submessage.
            ([0xAA, 0x01, 0x07] + [UInt8](repeating: 0, count: 7), .truncated),  // Packed fixed64 of 7 bytes.
            ([0xA2, 0x01, 0x01, 0x80], .truncated),  // A packed number without its end.
        ] as [([UInt8], WireError.Kind)])
    func refuses(_ bytes: [UInt8], _ kind: WireError.Kind) {
        #expect(refusal(bytes)?.kind == kind)
    }

    @Test func readsNumbersOfMoreBytesThanNeeded() throws {
        // Encoders that leave room for a length pad it: 0x80 0x80 0x00 is 0.
        let message = try decode([0x38, 0x85, 0x80, 0x00, 0x7A, 0x81, 0x80, 0x00, 0x61])
        #expect(message.uint32(Sample.field("uint32_value")) == 5)
        #expect(message.string(Sample.field("text")) == "a")
    }

    @Test func keepsUnknownFieldsThatAreWellFormed() throws {
        var bytes = Bytes()
        bytes.number(100, 7)
        bytes.body(101, [1, 2, 3])
        bytes.tag(102, 1)
        bytes.bytes += [UInt8](repeating: 9, count: 8)
        bytes.tag(103, 5)
        bytes.bytes += [UInt8](repeating: 9, count: 4)
        let message = try decode(bytes.bytes)
        #expect(WireCodec.encode(message) == bytes.bytes)
    }

    @Test func findsFieldsWithLargeNumbers() throws {
        var bytes = Bytes()
        bytes.number(1000, 5)
        bytes.number(536_870_911, 6)
        let message = try decode(bytes.bytes)
        #expect(message.uint32(Sample.field("far")) == 5)
        #expect(message.uint32(Sample.field("farther")) == 6)
        #expect(Sample.descriptor.field(number: 1000) == Sample.field("far"))
        #expect(Sample.descriptor.field(number: 999) == nil)
    }

    /// A message cut anywhere is refused or a shorter message, and never more.
    @Test func survivesEveryCut() throws {
        let whole = try sampleBytes()
        for end in 0..<whole.count { _ = refusal(Array(whole[..<end])) }
    }

    /// Whatever is done to the bytes, they are refused or decode to something that encodes and decodes again.
    @Test func survivesEveryFlippedBit() throws {
        let whole = try sampleBytes()
        var accepted = 0
        for index in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[index] ^= 1 << UInt8(bit)
                guard refusal(bytes) == nil else { continue }
                accepted += 1
                let again = WireCodec.encode(try decode(bytes))
                if let error = refusal(again) { Issue.record("byte \(index), bit \(bit): \(error)") }
            }
        }
        #expect(accepted > 0 && accepted < whole.count * 8)
    }

    private func sampleBytes() throws -> [UInt8] {
        var random = SeededGenerator(seed: 7)
        return WireCodec.encode(SampleMaker.make(in: Arena(), depth: 1, using: &random))
    }
}
