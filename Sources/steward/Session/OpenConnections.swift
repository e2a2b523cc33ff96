import StewardClient
import Synchronization

/// The connections of this command. They are closed at its end, however it ends, so that the gateway hears it from TLS and not from
/// a lost connection.
enum OpenConnections {
    private static let open = Mutex<[StewardConnection]>([])

    static func add(_ connection: StewardConnection) {
        open.withLock { $0.append(connection) }
    }

    static func close() async {
        let all = open.withLock { open in
            defer { open.removeAll() }
            return open
        }
        for connection in all { await connection.close() }
    }
}
