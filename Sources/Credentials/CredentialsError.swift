import COpenSSL

/// Why a credential could not be made, read or opened. The text never holds key material or a password.
package struct CredentialsError: Error, Hashable, CustomStringConvertible {
    /// What kind of failure it is; new kinds may be added.
    package struct Kind: Hashable, Sendable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// The input is outside a stated limit or not of the expected form.
        package static let invalidInput = Kind("invalidInput")
        /// libcrypto or libargon2 refused; the text names the operation and the library's reason.
        package static let library = Kind("library")
        /// Sealed bytes were changed, are for another purpose, or the key is not known.
        package static let cannotOpen = Kind("cannotOpen")
        /// A file could not be read or written; the text names the file, the errno and the cure.
        package static let file = Kind("file")
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Takes the oldest error of this thread's OpenSSL queue, empties the queue, and says what was being done.
    static func openSSL(_ operation: String) -> CredentialsError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return CredentialsError(.library, "\(operation) failed") }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return CredentialsError(.library, "\(operation) failed: \(String(decoding: bytes, as: UTF8.self))")
    }
}
