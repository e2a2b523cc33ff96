/// Why bytes are not a message, or not one that may be decoded.
package struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// The bytes end inside a field.
        case truncated
        /// A number is longer than its type allows, or a tag has a field number of 0.
        case malformedNumber
        /// Wire types 3 and 4 (groups), which Steward never uses, or 6 and 7, which do not exist.
        case refusedWireType
        /// The wire type is not the one of the field's type.
        case mismatchedWireType
        /// A string is not UTF-8.
        case invalidText
        /// A string holds a NUL, which C strings end at.
        case nulInText
        /// A field that takes one message has two.
        case duplicateMessage
        /// A required field is missing.
        case missingField
        case tooDeep(limit: Int)
        case tooManyElements(limit: Int)
        case tooMuchMemory(limit: Int)
        case frameTooLong(limit: Int)
        case emptyFrame
    }

    package let kind: Kind

    /// Path of the field from the outermost message, as in deals.amount; empty for the message as a whole.
    package let fieldPath: String

    /// Where, in bytes from the start of the message or of the stream's unread bytes; nil for a message that is no bytes yet.
    package let offset: Int?

    package init(_ kind: Kind, fieldPath: String = "", offset: Int? = 0) {
        self.kind = kind
        self.fieldPath = fieldPath
        self.offset = offset
    }

    /// What is wrong, the limit and the cure; holds no content of the message.
    package var description: String {
        let places = [fieldPath.isEmpty ? nil : "in field \(fieldPath)", offset.map { "at byte \($0)" }]
        return "\(explanation) (\(places.compactMap(\.self).joined(separator: ", ")))"
    }

    private var explanation: String {
        switch kind {
        case .truncated: "The message ends inside a field; send all of its bytes."
        case .malformedNumber:
            "A tag, length or number is malformed; varints have at most 10 bytes, tags and lengths 5."
        case .refusedWireType:
            "The wire type is not allowed; groups are not used here, check how the message is encoded."
        case .mismatchedWireType:
            "The wire type does not fit the field; check that both sides use the same proto files."
        case .invalidText: "A string is not valid UTF-8; send text as UTF-8, anything else in a bytes field."
        case .nulInText: "A string holds a NUL character; remove it."
        case .duplicateMessage: "A field that takes one message occurs twice; send it once."
        case .missingField: "A required field is missing; set it."
        case .tooDeep(let limit): "Messages are nested more than \(limit) deep; flatten the message."
        case .tooManyElements(let limit): "The message has more than \(limit) fields and elements; split it."
        case .tooMuchMemory(let limit): "The message would take more than \(limit) bytes of memory; split it."
        case .frameTooLong(let limit):
            "The frame is longer than \(limit) bytes; split the message into pieces with `more`."
        case .emptyFrame: "The frame is empty; a frame has at least one part."
        }
    }
}
