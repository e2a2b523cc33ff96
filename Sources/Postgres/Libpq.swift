import CPostgres

/// The door to a connection of libpq: every call of a PGconn is here. Nothing in it decides, and nothing but `start` and
/// `Canceller.send` may block.
final class Libpq: @unchecked Sendable {
    // SAFETY: used by one thread at a time: a worker starts it and hands it to the loop, which keeps it.
    private let raw: OpaquePointer

    private init(_ raw: OpaquePointer) { self.raw = raw }

    deinit { PQfinish(raw) }

    enum Progress {
        case wantsRead, wantsWrite, connected, failed
    }

    // MARK: Opening

    /// Begins to connect. Blocks: it resolves the host's name and may read a password file.
    static func start(_ settings: PostgresSettings) throws(PostgresError) -> Libpq {
        // The later of two equal keywords wins, and `dbname` is expanded where it stands.
        var pairs = [("gssencmode", "disable"), ("fallback_application_name", settings.applicationName)]
        pairs.append(("dbname", settings.dsn))
        if let database = settings.database { pairs.append(("dbname", database)) }
        if let user = settings.user { pairs.append(("user", user)) }
        if let password = settings.password { pairs.append(("password", password)) }
        pairs.append(("client_encoding", "UTF8"))
        let connection = withCStrings(pairs.map(\.0)) { keys in
            withCStrings(pairs.map(\.1)) { values in PQconnectStartParams(keys, values, 1) }
        }
        guard let connection else { throw PostgresError(.unavailable, "out of memory") }
        let libpq = Libpq(connection)
        guard libpq.isAlive else { throw PostgresError(.unavailable, libpq.message) }
        guard !String(cString: PQhost(connection)).contains(",") else {
            throw PostgresError(.refusedServer, "the DSN names several hosts; name one")
        }
        return libpq
    }

    func pollConnect() -> Progress {
        switch PQconnectPoll(raw) {
        case PGRES_POLLING_READING: .wantsRead
        case PGRES_POLLING_WRITING: .wantsWrite
        case PGRES_POLLING_OK: .connected
        default: .failed
        }
    }

    /// Turns to non-blocking pipeline mode and silences notices. False when libpq refuses.
    func enterPipeline() -> Bool {
        PQsetNoticeReceiver(raw, { _, _ in }, nil)
        return PQsetnonblocking(raw, 1) == 0 && PQenterPipelineMode(raw) == 1
    }

    // MARK: State

    var descriptor: Int32 { PQsocket(raw) }
    var isAlive: Bool { PQstatus(raw) != CONNECTION_BAD }
    var serverVersion: Int { Int(PQserverVersion(raw)) }
    var backendPID: Int32 { PQbackendPID(raw) }
    var isInTransaction: Bool { PQtransactionStatus(raw) != PQTRANS_IDLE }
    /// libpq's own words about the last failure, without the trailing newline.
    var message: String {
        var text = String(cString: PQerrorMessage(raw))
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// The SCRAM verifier of a password, so that the password itself never reaches the server or its log.
    func passwordVerifier(_ password: String, user: String) -> String? {
        guard let text = PQencryptPasswordConn(raw, password, user, "scram-sha-256") else { return nil }
        defer { PQfreemem(text) }
        return String(cString: text)
    }

    // MARK: Sending (false: the connection is broken)

    /// Parses and runs a command without parameters under the unnamed statement.
    func sendText(_ text: String) -> Bool {
        PQsendQueryParams(raw, text, 0, nil, nil, nil, nil, 1) == 1
    }

    /// The same with parameters of these types, all NULL.
    func sendText(_ text: String, nullsOf types: [PostgresType]) -> Bool {
        withUnsafeTemporaryAllocation(of: Oid.self, capacity: max(types.count, 1)) { oids in
            for index in types.indices { oids[index] = types[index].rawValue }
            return PQsendQueryParams(raw, text, Int32(types.count), oids.baseAddress, nil, nil, nil, 1) == 1
        }
    }

    /// Runs a command without preparing it, so that it is planned for these values.
    func sendText(_ text: String, _ parameters: Parameters) -> Bool {
        let count = parameters.count
        guard count > 0 else { return sendText(text) }
        return parameters.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
                    withUnsafeTemporaryAllocation(of: Oid.self, capacity: count) { types in
                        Libpq.fill(values, numbers, from: parameters, bytes)
                        for (index, entry) in parameters.entries.enumerated() { types[index] = entry.type.rawValue }
                        return PQsendQueryParams(
                            raw, text, Int32(count), types.baseAddress, values.baseAddress, numbers.baseAddress,
                            numbers.baseAddress! + count, 1) == 1
                    }
                }
            }
        }
    }

    func sendPrepare(_ name: UnsafePointer<CChar>, _ text: String, _ types: [PostgresType]) -> Bool {
        withUnsafeTemporaryAllocation(of: Oid.self, capacity: max(types.count, 1)) { oids in
            for index in types.indices { oids[index] = types[index].rawValue }
            return PQsendPrepare(raw, name, text, Int32(types.count), oids.baseAddress) == 1
        }
    }

    /// Runs a prepared command without parameters.
    func sendExecute(_ name: UnsafePointer<CChar>) -> Bool {
        PQsendQueryPrepared(raw, name, 0, nil, nil, nil, 1) == 1
    }

    func sendExecute(_ name: UnsafePointer<CChar>, _ parameters: Parameters) -> Bool {
        let count = parameters.count
        guard count > 0 else { return sendExecute(name) }
        return parameters.bytes.withUnsafeBytes { bytes in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count) { numbers in
                    Libpq.fill(values, numbers, from: parameters, bytes)
                    return PQsendQueryPrepared(
                        raw, name, Int32(count), values.baseAddress, numbers.baseAddress,
                        numbers.baseAddress! + count, 1) == 1
                }
            }
        }
    }

    /// Values, then their lengths and their formats (all binary) in one array of numbers.
    private static func fill(
        _ values: UnsafeMutableBufferPointer<UnsafePointer<CChar>?>,
        _ numbers: UnsafeMutableBufferPointer<Int32>, from parameters: Parameters,
        _ bytes: UnsafeRawBufferPointer
    ) {
        let count = parameters.count
        for index in 0..<count {
            let entry = parameters.entries[index]
            let address =
                bytes.baseAddress.map { $0 + Int(entry.offset) } ?? UnsafeRawPointer(numbers.baseAddress!)
            // SAFETY: the pointer lives as long as `bytes`; libpq copies the value before it returns. An empty value
            // needs some address, because null means NULL.
            values.initializeElement(
                at: index, to: entry.length < 0 ? nil : address.assumingMemoryBound(to: CChar.self))
            numbers.initializeElement(at: index, to: max(0, entry.length))
            numbers.initializeElement(at: count + index, to: 1)
        }
    }

    /// Ends what was sent so far as one unit and writes it.
    func sendSync() -> Bool { PQpipelineSync(raw) == 1 }

    enum Flush { case done, blocked, broken }

    func flush() -> Flush {
        switch PQflush(raw) {
        case 0: .done
        case 1: .blocked
        default: .broken
        }
    }

    // MARK: Receiving

    /// Reads what has arrived. False when the connection is broken; what arrived before can still be taken.
    func receive() -> Bool { PQconsumeInput(raw) == 1 }

    /// Whether taking the next result would block.
    var isBusy: Bool { PQisBusy(raw) == 1 }

    /// The next result; nil is the mark between two commands. Only when not busy.
    func nextResult() -> LibpqResult? { PQgetResult(raw).map { LibpqResult($0) } }

    // MARK: Cancelling

    /// What it takes to ask the server, on a connection of its own, to cancel the running statement.
    final class Canceller: @unchecked Sendable {
        // SAFETY: a PGcancel is a constant copy of the address, made to be used from any thread.
        private let raw: OpaquePointer

        fileprivate init(_ raw: OpaquePointer) { self.raw = raw }

        deinit { PQfreeCancel(raw) }

        /// Blocks until the server has taken the request.
        func send() {
            var text = [CChar](repeating: 0, count: 256)
            PQcancel(raw, &text, Int32(text.count))
        }
    }

    func canceller() -> Canceller? { PQgetCancel(raw).map { Canceller($0) } }

    /// Lends an array of C strings that ends with null.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        var storage: [CChar] = []
        let offsets = strings.map { string in
            let start = storage.count
            storage.append(contentsOf: string.utf8CString)
            return start
        }
        return storage.withUnsafeBufferPointer { buffer in
            let pointers: [UnsafePointer<CChar>?] = offsets.map { buffer.baseAddress! + $0 } + [nil]
            return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
        }
    }
}
