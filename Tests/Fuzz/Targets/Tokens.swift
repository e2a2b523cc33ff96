#if DEBUG
    import Contracts
    import CustomerContracts
    import RPC
    import Tenancy
    import Wire

    @testable import Records

    /// The first byte chooses what the rest is: a trace parent, a caller's token, a page token, a keyset, a text of an id, a
    /// time or a day, or JSON of a row.
    ///
    /// Promises: what is read and written again is the same; no text is taken for a page token that was not made.
    enum Tokens {
        static func run(_ bytes: UnsafeRawBufferPointer) {
            guard let first = bytes.first else { return }
            let rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
            switch first % 6 {
            case 0: traceParent(rest)
            case 1: callerToken(Array(rest))
            case 2: pageToken(String(decoding: rest, as: UTF8.self))
            case 3: keyset(Array(rest))
            case 4: texts(String(decoding: rest, as: UTF8.self))
            default: row(rest)
            }
        }

        private static func traceParent(_ bytes: UnsafeRawBufferPointer) {
            guard let trace = TraceContext(parsing: bytes) else { return }
            let written = trace.traceParent
            let again = Array(written.utf8).withUnsafeBytes { TraceContext(parsing: $0) }
            require(again?.traceParent == written, "a trace parent written again reads the same")
            require(again?.traceIDText == trace.traceIDText, "the trace stays the same")
        }

        private static func callerToken(_ bytes: [UInt8]) {
            guard let (claims, _) = CallerTokenBytes(encoded: bytes).parts() else { return }
            if let read = try? CallerClaims(decoding: claims) {
                require((try? CallerClaims(decoding: read.encoded())) != nil, "claims written again read")
            }
        }

        private static let list = Array("accounts".utf8)
        private static let type = RecordType(
            Account.self,
            fields: [.field("display_name", .required, .line(200))])

        /// None of the inputs was made with this secret.
        private static func pageToken(_ text: String) {
            if let bytes = Base64URL.decode(text) {
                require(Base64URL.encode(bytes) == text, "base 64 written again is the same")
            }
            do {
                let tokens = try PageToken(secret: Array("a secret of sixteen bytes or more".utf8))
                let order = try SortOrder(["display_name"], of: type, rights: Filters.rights[0])
                _ = try tokens.read(text, list: list, order: order)
                fatalError("broken promise: a page token cannot be forged")
            } catch {
                require(
                    (error as? RPCError)?.reason == "PAGE_TOKEN_INVALID", "a page token is refused as such: \(error)")
            }
        }

        private static func keyset(_ bytes: [UInt8]) {
            guard let keyset = KeysetCoder.decode(bytes) else { return }
            let written = KeysetCoder.encode(keyset)
            guard let again = KeysetCoder.decode(written) else { fatalError("broken promise: a written keyset reads") }
            require(KeysetCoder.encode(again) == written, "a keyset written again is the same")
        }

        private static func texts(_ text: String) {
            if let id = RecordID(text) { require(RecordID(id.text) == id, "an id written again reads the same") }
            if let time = Timestamp(text) { require(Timestamp(time.text) == time, "a time reads back: \(time.text)") }
            if let day = CalendarDay(text) { require(CalendarDay(day.text) == day, "a day reads back: \(day.text)") }
        }

        private static func row(_ bytes: UnsafeRawBufferPointer) {
            guard let message = message(bytes) else { return }
            var writer = JSONWriter()
            writer.write(message)
            guard let again = writer.bytes.withUnsafeBytes({ self.message($0) }) else {
                fatalError("broken promise: a written row reads")
            }
            var second = JSONWriter()
            second.write(again)
            require(second.bytes == writer.bytes, "a row written again is the same")
        }

        private static func message(_ bytes: UnsafeRawBufferPointer) -> Message? {
            var reader = JSONReader(bytes)
            let message = Message.make(Account.descriptor, in: Arena())
            return (try? reader.read(into: message)) != nil ? message : nil
        }
    }
#endif
