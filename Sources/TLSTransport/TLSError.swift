import COpenSSL
import Glibc

/// Why a connection ended, could not be made, or a certificate could not be used.
package struct TLSError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// A certificate, key or trust file cannot be used; the text names file and cure.
        case file
        /// The peers did not agree: version, protocol name, or not TLS at all.
        case handshake
        /// The peer has no certificate that we trust, or not the name we asked for.
        case peerNotTrusted
        /// The handshake, the connection attempt or the closing took too long.
        case timeout
        /// The peer is gone: reset, or its stream ended without the closing alert of TLS.
        case connectionLost
        /// The peer reads so slowly that our output passed `TLSLimits.outputBytesMax`.
        case outputOverflow
        /// The peer began more than it completed, and all peers together too much.
        case inputOverflow
        /// An address that cannot be parsed, resolved, bound or reached.
        case address
        /// We gave the connection up (`abort()`).
        case aborted
        /// OpenSSL or the kernel refused something else.
        case system
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// The failure of a system call.
    static func system(_ kind: Kind, _ call: String, _ code: Int32) -> TLSError {
        TLSError(kind, "\(call): \(String(cString: strerror(code)))")
    }

    /// The reasons that OpenSSL left on this thread, which it empties.
    static func takeReasons() -> String {
        var reasons: [String] = []
        while case let code = ERR_get_error(), code != 0 {
            if let reason = ERR_reason_error_string(code) {
                reasons.append(String(cString: reason))
            } else {
                var text = [CChar](repeating: 0, count: 256)
                ERR_error_string_n(code, &text, text.count)
                reasons.append(text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })
            }
        }
        return reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")
    }
}
