import Reactor
import TLSTransport

/// Addresses as settings name them: `127.0.0.1:7400`, `[::1]:7400`, `*:7400` or `host.name:7400`.
enum HostAndPort {
    /// Whether the text has the form. A host name is looked up only when it is used.
    static func isValid(_ text: String) -> Bool {
        guard let colon = text.lastIndex(of: ":"), UInt16(text[text.index(after: colon)...]) != nil else {
            return false
        }
        let host = text[..<colon]
        return !host.isEmpty && (!host.contains(":") || host.hasPrefix("[") && host.hasSuffix("]"))
    }

    /// All addresses that the text stands for. Throws `StartError` that names the setting.
    static func resolve(_ text: String, setting: String, on workers: WorkerPool) async throws
        -> [SocketAddress]
    {
        if let numeric = try? SocketAddress(text) { return [numeric] }
        do {
            return try await SocketAddress.resolve(text, on: workers)
        } catch {
            throw StartError("\(setting): \(error)")
        }
    }
}
