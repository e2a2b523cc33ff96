import CLinux
import Glibc

extension SocketAddress {
    /// The address in the kernel's form; nil for a family other than IPv4 and IPv6.
    init?(_ storage: sockaddr_storage) {
        var storage = storage
        switch Int32(storage.ss_family) {
        case AF_INET:
            let form = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in.self) }
            let bytes = withUnsafeBytes(of: form.sin_addr) { [UInt8]($0) }
            self.init(host: .ipv4(bytes), port: UInt16(bigEndian: form.sin_port))
        case AF_INET6:
            let form = withUnsafeBytes(of: &storage) { $0.loadUnaligned(as: sockaddr_in6.self) }
            let bytes = withUnsafeBytes(of: form.sin6_addr) { [UInt8]($0) }
            self.init(host: .ipv6(bytes, scope: form.sin6_scope_id), port: UInt16(bigEndian: form.sin6_port))
        default: return nil
        }
    }

    var family: Int32 {
        switch host {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        }
    }

    /// Calls `body` with the address in the kernel's form.
    func withKernelForm<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        switch host {
        case .ipv4(let bytes):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            withUnsafeMutableBytes(of: &form.sin_addr) { $0.copyBytes(from: bytes) }
            return Self.lend(&form, body)
        case .ipv6(let bytes, let scope):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            form.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &form.sin6_addr) { $0.copyBytes(from: bytes) }
            return Self.lend(&form, body)
        }
    }

    private static func lend<Form, Value>(
        _ form: inout Form, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        withUnsafeBytes(of: &form) { bytes in
            body(
                bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(MemoryLayout<Form>.size))
        }
    }
}
