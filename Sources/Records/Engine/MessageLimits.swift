import RPC
import Wire

/// What the engine puts into one message, and what it takes out of one.
enum MessageLimits {
    /// Longest answer. It is what every program and client of the protocol accepts (proto/README.md, "message_bytes_max"):
    /// a longer one would be refused by its receiver, after the work was done.
    static let answerBytesMax = 4 << 20
    /// Longest text of a request that an error repeats, in bytes. Names of fields are shorter.
    static let quotedBytesMax = 200

    /// Refuses an answer that the caller could not get. Comes before COMMIT, so that nothing is stored of which the caller
    /// does not learn. Throws RESOURCE_EXHAUSTED with ANSWER_TOO_LONG.
    static func check(_ answer: [UInt8]) throws {
        guard answer.count > answerBytesMax else { return }
        throw RecordErrors.answerTooLong(
            "Nothing was written: the answer would have \(answer.count) bytes, and at most \(answerBytesMax) are "
                + "allowed. Send fewer or shorter records in one request.")
    }
}

extension Message {
    /// The names in a mask, counted before any is looked at. Throws INVALID_ARGUMENT with MASK_TOO_LONG for more names
    /// than the type has fields.
    func mask(_ field: FieldDescriptor, of type: RecordType) throws -> [String] {
        let count = count(field)
        guard count <= type.fields.count else {
            throw RecordErrors.invalid(
                .maskTooLong,
                "\(field.name) has \(count) names, and \(type.object) has \(type.fields.count) fields; name each once.",
                field: field.name)
        }
        return strings(field)
    }
}

extension String {
    /// The text as an error repeats it: whole, or its beginning when it is longer than any name.
    var quoted: String {
        guard utf8.count > MessageLimits.quotedBytesMax else { return self }
        return unicodeScalars.prefix(MessageLimits.quotedBytesMax / 4).reduce(into: "") {
            $0.unicodeScalars.append($1)
        } + "…"
    }
}
