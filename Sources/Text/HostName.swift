import CICU

/// Names of hosts in one form: as people read them, whether they were typed so or as the network has them (`xn--…`), by UTS 46 (IDNA2008).
package enum HostName {
    // SAFETY: never changed after it was opened, and ICU lets any thread use it.
    private struct Names: @unchecked Sendable { let pointer: UnsafeRawPointer }
    private static let names = steward_host_names().map { Names(pointer: $0) }

    /// Bytes of a name in any form that are looked at.
    static let bytesMax = 1024

    /// Nil for what is no name of a host.
    package static func normal(_ name: some StringProtocol) -> String? {
        guard name.utf8.count <= bytesMax else { return nil }
        // A name in ASCII is one in small letters, but for those that stand for others.
        if name.utf8.allSatisfy({ $0 < 0x80 }), case let small = name.lowercased(), !small.contains("xn--") {
            return small
        }
        // The network has 63 bytes for a label, and what is longer costs the square of its length.
        guard name.unicodeScalars.split(whereSeparator: isDot).allSatisfy({ $0.count <= labelLengthMax }) else {
            return nil
        }
        guard let network = form(String(name), isASCII: true) else { return nil }
        return form(network, isASCII: false)
    }

    /// Characters of a label, in any form, that may be one.
    private static let labelLengthMax = 63

    /// What parts labels (UTS 46).
    private static func isDot(_ scalar: Unicode.Scalar) -> Bool { ".。．｡".unicodeScalars.contains(scalar) }

    private static func form(_ name: String, isASCII: Bool) -> String? {
        guard let names = names?.pointer else {
            preconditionFailure("libicu has no data of host names; reinstall the package libicu72")
        }
        let count = Int32(name.utf8.count)
        // A letter of the network's form is at most one character, of four bytes.
        var form = [CChar](repeating: 0, count: 4 * bytesMax)
        let length = steward_host_name(names, isASCII, name, count, &form, Int32(form.count))
        guard length > 0 else { return nil }
        return String(decoding: form.prefix(Int(length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
