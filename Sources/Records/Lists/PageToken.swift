import Credentials
import RPC
import Tenancy
import Wire

/// Where a list goes on, as a sealed text: values of the last record, which may be nobody's business, bound to the caller and to
/// the filter and order of the list. A token that was changed, or is used for another list, is refused.
package struct PageToken: Sendable {
    private let sealer: Sealer

    /// Longest token that is looked at: three texts of 10,000 characters do not fit a sensible sort key.
    private static let textBytesMax = 16 * 1024

    /// `secret` is shared by all instances of the service and has 16 bytes or more.
    package init(secret: [UInt8]) throws {
        let key = try MAC.hmacSHA256(key: secret, Array("page tokens, sealed".utf8))
        sealer = Sealer(current: try Sealer.Key(id: 1, bytes: key))
    }

    /// The token of a place. `list` is everything that must not change between the pages, the caller included.
    package func make(_ place: [UInt8], list: [UInt8]) throws -> String {
        Base64URL.encode(try sealer.seal(place, associated: list))
    }

    /// The place of a token; nil for anything that `make` did not make for this list.
    package func place(_ text: String, list: [UInt8]) -> [UInt8]? {
        guard text.utf8.count <= PageToken.textBytesMax, let bytes = Base64URL.decode(text) else { return nil }
        return try? sealer.open(bytes, associated: list)
    }

    func make(_ keyset: Keyset, list: [UInt8]) throws -> String {
        try make(KeysetCoder.encode(keyset), list: list)
    }

    /// Throws INVALID_ARGUMENT with PAGE_TOKEN_INVALID for anything that `make` did not make for this list.
    func read(_ text: String, list: [UInt8], order: SortOrder) throws -> Keyset {
        guard let place = place(text, list: list), let keyset = KeysetCoder.decode(place),
            keyset.fits(order)
        else { throw PageToken.refusal }
        return keyset
    }

    static var refusal: RPCError {
        RecordErrors.invalid(
            .pageTokenInvalid,
            "The page token does not belong to this list. Send next_page_token of the page before with all else "
                + "unchanged, or begin again without a token.", field: "page_token")
    }
}

extension RecordCall {
    /// What a token is good for: this caller, and these parts of a request.
    ///
    /// - Parameter method: tells tokens of one method from those of others; empty for lists.
    func binding(of request: Message, to method: String = "") -> [UInt8] {
        let user = actor.userID?.id.bytes ?? []
        return TokenDigest.sha256(
            Array(type.object.utf8) + [0] + Array(method.utf8) + actor.tenantID.id.bytes + user
                + WireCodec.encode(request))
    }
}

/// Keysets as bytes: for each value a tag and its content.
enum KeysetCoder {
    static func encode(_ keyset: Keyset) -> [UInt8] {
        var bytes: [UInt8] = []
        for value in keyset.values {
            switch value {
            case nil: bytes.append(0)
            case .text(let text):
                append(1, UInt64(text.utf8.count), &bytes)
                bytes.append(contentsOf: text.utf8)
            case .id(let id):
                append(2, id.high, &bytes)
                append(id.low, &bytes)
            case .integer(let number): append(3, UInt64(bitPattern: number), &bytes)
            case .number(let number): append(4, number.bitPattern, &bytes)
            case .flag(let flag): append(5, flag ? 1 : 0, &bytes)
            case .time(let time): append(6, UInt64(bitPattern: time.microseconds), &bytes)
            case .date(let day): append(7, UInt64(bitPattern: Int64(day.daysSince1970)), &bytes)
            case .money: preconditionFailure("an amount is no sort key")
            }
        }
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> Keyset? {
        var rest = bytes[...]
        var values: [FieldValue?] = []
        while let tag = rest.popFirst() {
            guard tag != 0 else {
                values.append(nil)
                continue
            }
            guard let word = word(&rest), let value = value(tag, word, &rest) else { return nil }
            values.append(value)
        }
        return Keyset(values: values)
    }

    private static func value(_ tag: UInt8, _ word: UInt64, _ rest: inout ArraySlice<UInt8>) -> FieldValue? {
        switch tag {
        case 1:
            guard word <= UInt64(rest.count) else { return nil }
            defer { rest = rest.dropFirst(Int(word)) }
            return .text(String(decoding: rest.prefix(Int(word)), as: UTF8.self))
        case 2: return self.word(&rest).map { .id(RecordID(high: word, low: $0)) }
        case 3: return .integer(Int64(bitPattern: word))
        case 4: return .number(Double(bitPattern: word))
        case 5: return .flag(word == 1)
        case 6: return .time(Timestamp(microseconds: Int64(bitPattern: word)))
        case 7: return .date(CalendarDay(daysSince1970: Int(Int64(bitPattern: word))))
        default: return nil
        }
    }

    private static func append(_ tag: UInt8, _ word: UInt64, _ bytes: inout [UInt8]) {
        bytes.append(tag)
        append(word, &bytes)
    }

    private static func append(_ word: UInt64, _ bytes: inout [UInt8]) {
        withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private static func word(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        guard bytes.count >= 8 else { return nil }
        defer { bytes = bytes.dropFirst(8) }
        return bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
