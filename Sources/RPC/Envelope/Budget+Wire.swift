/// A budget travels with nearly every answer of a gateway, so it is encoded without allocating.
extension Budget {
    /// Three varint fields and what holds them.
    private static let encodedBytesMax = 32

    /// Lends the encoded Status of a call that succeeded with this budget.
    package func withEncodedStatus<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let numbers = (UInt64(cost), UInt64(remaining), reset.millisecondsClamped)
        let length =
            ProtoWriter.fieldSize(numbers.0) + ProtoWriter.fieldSize(numbers.1) + ProtoWriter.fieldSize(numbers.2)
        return withUnsafeTemporaryAllocation(byteCount: Self.encodedBytesMax, alignment: 1) { room in
            var writer = ProtoWriter(room)
            writer.prefix(9, length)
            writer.field(1, numbers.0)
            writer.field(2, numbers.1)
            writer.field(3, numbers.2)
            return body(UnsafeRawBufferPointer(rebasing: room[..<(2 + length)]))
        }
    }
}
