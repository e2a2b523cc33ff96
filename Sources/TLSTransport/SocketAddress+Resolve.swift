import CLinux
import Glibc
package import Reactor

extension SocketAddress {
    /// The addresses of `host:port`, where the host may be a name; asks the system's resolver on a worker,
    /// because that blocks.
    /// - Throws: `TLSError` of kind `.address` when the name is unknown, `WorkerPoolError` when the workers
    ///   are busy.
    package static func resolve(_ text: String, on workers: WorkerPool) async throws -> [SocketAddress] {
        let (host, port) = try split(text)
        if let numeric = numericHost(host) { return [SocketAddress(host: numeric, port: port)] }
        return try await workers.run { try lookUp(host, port) }
    }

    private static func lookUp(_ name: String, _ port: UInt16) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, String(port), &hints, &list)
        guard code == 0 else {
            throw TLSError(
                .address,
                "the host name \"\(name)\" cannot be resolved (\(String(cString: gai_strerror(code)))); "
                    + "correct it or write the address in digits")
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            var storage = sockaddr_storage()
            memcpy(&storage, entry.pointee.ai_addr, Int(entry.pointee.ai_addrlen))
            if let address = SocketAddress(storage), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }
}
