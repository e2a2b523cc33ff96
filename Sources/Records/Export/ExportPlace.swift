import RPC
import Tenancy

/// How far an export is, and which one it is. As a sealed text it is the token by which a client goes on.
struct ExportPlace {
    /// By which its rows in the ledger belong together.
    let id: RecordID
    /// Records that went out.
    var count: Int64
    /// The last of them; nil before the first.
    var keyset: Keyset?

    init(id: RecordID = .make(), count: Int64 = 0, keyset: Keyset? = nil) {
        (self.id, self.count, self.keyset) = (id, count, keyset)
    }

    private static let idBytes = 16
    private static let headBytes = idBytes + 8

    var bytes: [UInt8] {
        id.bytes + withUnsafeBytes(of: count.bigEndian) { Array($0) } + (keyset.map(KeysetCoder.encode) ?? [])
    }

    /// Throws INVALID_ARGUMENT with PAGE_TOKEN_INVALID for anything that is no token of this export.
    static func read(_ text: String, of tokens: PageToken, binding: [UInt8], order: SortOrder) throws -> ExportPlace {
        guard let bytes = tokens.place(text, list: binding), bytes.count > headBytes,
            let id = RecordID(bytes: Array(bytes.prefix(idBytes))),
            let keyset = KeysetCoder.decode(Array(bytes.dropFirst(headBytes))), keyset.fits(order)
        else {
            throw RecordErrors.invalid(
                .pageTokenInvalid,
                "The token does not belong to this export. Send resume_token of the last response with all else "
                    + "unchanged, or begin again without a token.", field: "resume_token")
        }
        let count = bytes[idBytes..<headBytes].reduce(0) { $0 << 8 | Int64($1) }
        return ExportPlace(id: id, count: count, keyset: keyset)
    }
}
