import CLinux
import Glibc

/// The door to the socket calls of the kernel. Every socket is non-blocking, closed on exec, and without
/// Nagle's delay: output is gathered per turn of the loop already.
enum Sockets {
    /// A socket that listens on `address`. With `SO_REUSEPORT` each loop has a listener of its own on the
    /// same port, and the kernel spreads connections over them.
    static func listen(_ address: SocketAddress, backlog: Int32) throws(TLSError) -> Int32 {
        let socket = try open(address.family)
        do throws(TLSError) {
            try set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
            try set(socket, SOL_SOCKET, SO_REUSEPORT, 1)
            guard address.withKernelForm({ bind(socket, $0, $1) }) == 0 else {
                throw refusal("listen on", address, errno)
            }
            guard Glibc.listen(socket, backlog) == 0 else { throw refusal("listen on", address, errno) }
            return socket
        } catch {
            close(socket)
            throw error
        }
    }

    /// A socket that is connecting to `address`; it becomes writable when that has succeeded or failed
    /// (`pendingError`).
    static func connect(_ address: SocketAddress) throws(TLSError) -> Int32 {
        let socket = try open(address.family)
        setNoDelay(socket)
        guard address.withKernelForm({ Glibc.connect(socket, $0, $1) }) == 0 || errno == EINPROGRESS else {
            let code = errno
            close(socket)
            throw refusal("connect to", address, code)
        }
        return socket
    }

    enum Acceptance {
        case connection(Int32, SocketAddress)
        /// Nobody is waiting.
        case none
        /// That connection died while it waited; try the next.
        case died
        /// The process or the machine has no room (descriptors, memory): wait before the next try.
        case exhausted(Int32)
    }

    static func accept(_ listener: Int32) -> Acceptance {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let socket = clinux_accept(listener, &storage, &size)
        if socket >= 0 {
            guard let address = SocketAddress(storage) else {
                close(socket)
                return .died
            }
            setNoDelay(socket)
            return .connection(socket, address)
        }
        switch errno {
        case EAGAIN: return .none
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return .exhausted(errno)
        case EBADF, EINVAL, ENOTSOCK, EFAULT: preconditionFailure("accept4 failed with errno \(errno): a bug")
        default: return .died
        }
    }

    /// The lowest descriptor that is not for connections of clients. The kernel gives out the lowest free number, so a
    /// number this high means that the process has nearly all it may have. The rest stays for what it cannot live
    /// without: libdispatch crashes when it cannot open `/proc` to count its threads, and databases and logs need some.
    static func connectionCeiling() -> Int32 {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        let count = Int32(clamping: limit.rlim_cur)
        return count - min(reservedDescriptorCount, count / 4)
    }

    private static let reservedDescriptorCount: Int32 = 64

    /// The error that an attempt to connect ended with; 0 for success.
    static func pendingError(_ socket: Int32) -> Int32 {
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else { return errno }
        return code
    }

    /// The address this end has.
    static func localAddress(_ socket: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = withUnsafeMutableBytes(of: &storage) {
            getsockname(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), &size)
        }
        return code == 0 ? SocketAddress(storage) : nil
    }

    /// Tells the peer that no more bytes come.
    static func endOutput(_ socket: Int32) { shutdown(socket, Int32(SHUT_WR)) }

    /// Linux releases the descriptor even when this is interrupted, so it is never repeated.
    static func close(_ socket: Int32) { Glibc.close(socket) }

    /// Closes with a reset, so that neither side keeps state for the connection.
    static func reset(_ socket: Int32) {
        var none = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &none, socklen_t(MemoryLayout<linger>.size))
        close(socket)
    }

    static func refusal(_ verb: String, _ address: SocketAddress, _ code: Int32) -> TLSError {
        let cure =
            switch code {
            case EADDRINUSE: "; another program has that port: stop it or choose another port"
            case EACCES: "; ports below 1024 need the right to bind them (CAP_NET_BIND_SERVICE)"
            case EADDRNOTAVAIL: "; this machine does not have that address"
            case ECONNREFUSED: "; nothing listens there: is the program running?"
            default: ""
            }
        return TLSError(.address, "cannot \(verb) \(address): \(String(cString: strerror(code)))\(cure)")
    }

    private static func open(_ family: Int32) throws(TLSError) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let socket = Glibc.socket(family, kind, 0)
        guard socket >= 0 else { throw .system(.system, "socket", errno) }
        return socket
    }

    private static func set(_ socket: Int32, _ level: Int32, _ name: Int32, _ value: Int32) throws(TLSError) {
        var value = value
        guard setsockopt(socket, level, name, &value, 4) == 0 else {
            throw .system(.system, "setsockopt", errno)
        }
    }

    /// Fails only on a connection that died already, which the next read will tell.
    private static func setNoDelay(_ socket: Int32) {
        var yes: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, 4)
    }
}
