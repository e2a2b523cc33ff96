import CLinux
import Glibc
import TLSTransport

/// Listening sockets that are their port's only ones.
enum ListeningSocket {
    /// Listens, without blocking. Throws `StartError` that names the address, the setting and the cure.
    static func open(_ address: SocketAddress, setting: String) throws -> Int32 {
        let socket = try bound(address, setting: setting)
        guard listen(socket, 64) == 0 else {
            defer { close(socket) }
            throw failure(address, setting)
        }
        return socket
    }

    /// Throws when anybody has the port. The listeners for calls share theirs among the loops (SO_REUSEPORT), so that
    /// a second process with the same settings would silently get half of the connections.
    static func requireFree(_ address: SocketAddress, setting: String) throws {
        close(try bound(address, setting: setting))
    }

    private static func bound(_ address: SocketAddress, setting: String) throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(family(of: address), kind, 0)
        guard socket >= 0 else { throw failure(address, setting) }
        var yes: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        guard withKernelForm(address, { bind(socket, $0, $1) }) == 0 else {
            defer { close(socket) }
            throw failure(address, setting)
        }
        return socket
    }

    private static func family(of address: SocketAddress) -> Int32 {
        switch address.host {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }

    private static func withKernelForm(
        _ address: SocketAddress, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var storage = sockaddr_storage()
        let size: Int
        switch address.host {
        case .ipv4(let bytes):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = address.port.bigEndian
            withUnsafeMutableBytes(of: &form.sin_addr) { $0.copyBytes(from: bytes) }
            size = MemoryLayout.size(ofValue: form)
            withUnsafeMutableBytes(of: &storage) { target in
                withUnsafeBytes(of: form) { target.copyMemory(from: $0) }
            }
        case .ipv6(let bytes, let scope):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = address.port.bigEndian
            form.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &form.sin6_addr) { $0.copyBytes(from: bytes) }
            size = MemoryLayout.size(ofValue: form)
            withUnsafeMutableBytes(of: &storage) { target in
                withUnsafeBytes(of: form) { target.copyMemory(from: $0) }
            }
        }
        return withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(size)) }
        }
    }

    private static func failure(_ address: SocketAddress, _ setting: String) -> StartError {
        let cure =
            switch errno {
            case EADDRINUSE:
                "another program has that port; stop it (ss -ltnp tells which) or set \(setting) to another"
            case EACCES: "ports below 1024 need the right to bind them; set \(setting) to a higher one"
            case EADDRNOTAVAIL: "this machine does not have that address; correct \(setting)"
            default: "check \(setting)"
            }
        return StartError(
            "cannot listen on \(address) (\(setting)): \(String(cString: strerror(errno))); \(cure)")
    }
}
