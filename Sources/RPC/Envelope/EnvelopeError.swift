/// A frame that is not a frame. The connection that brought it cannot go on: its bytes mean nothing any more.
package struct EnvelopeError: Error, Hashable, CustomStringConvertible {
    /// What is wrong, for the go-away and the log.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    static let truncated = EnvelopeError("A field of the frame ends after its enclosing message.")
    static let varintTooLong = EnvelopeError("A varint of the frame has more than 10 bytes.")
    static let wireType = EnvelopeError(
        "The frame has a field with wire type 3, 4, 6 or 7, or field number 0.")
}
