import Tenancy

/// Where a watch goes on: what it has told, and of which view.
struct WatchToken {
    /// `WatchView.digest`; a watch with another one begins anew.
    let view: [UInt8]
    /// What happened after it is not told yet.
    let cursor: FeedCursor
    let rest: Rest

    /// What is to be told of the records that there were.
    enum Rest: Equatable {
        case nothing
        /// Those with greater ids; nil for all.
        case records(after: RecordID?)
    }

    private static let digestBytes = 32

    init(view: [UInt8], cursor: FeedCursor, rest: Rest) {
        (self.view, self.cursor, self.rest) = (view, cursor, rest)
    }

    /// The digest, how many bytes the id has that follows (or that there is nothing), the id, the cursor.
    var bytes: [UInt8] {
        switch rest {
        case .nothing: view + [UInt8.max] + cursor.bytes
        case .records(nil): view + [0] + cursor.bytes
        case .records(.some(let id)): view + [16] + id.bytes + cursor.bytes
        }
    }

    /// Nil for what `bytes` did not make.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > Self.digestBytes else { return nil }
        view = Array(bytes.prefix(Self.digestBytes))
        var tail = bytes.dropFirst(Self.digestBytes)
        switch tail.removeFirst() {
        case UInt8.max: rest = .nothing
        case 0: rest = .records(after: nil)
        case 16:
            guard let id = Array(tail.prefix(16)).withUnsafeBytes({ RecordID(bytes: $0) }) else { return nil }
            rest = .records(after: id)
            tail = tail.dropFirst(16)
        default: return nil
        }
        guard let cursor = FeedCursor(Array(tail)) else { return nil }
        self.cursor = cursor
    }
}

extension RecordEngine {
    /// The token as a text, sealed, and good for watches of this type in this workspace only.
    func text(_ token: WatchToken, of call: RecordCall) throws -> String {
        try tokens.make(token.bytes, list: Self.watchUse(call))
    }

    /// - Throws: OUT_OF_RANGE with FEED_CURSOR_INVALID for anything that `text` did not make for such watches.
    func watchToken(_ text: String, of call: RecordCall) throws -> WatchToken {
        guard let bytes = tokens.place(text, list: Self.watchUse(call)), let token = WatchToken(bytes) else {
            throw RecordErrors.feedCursorInvalid()
        }
        return token
    }

    private static func watchUse(_ call: RecordCall) -> [UInt8] {
        Array("watch \(call.type.object)".utf8) + call.actor.tenantID.id.bytes
    }
}
