/// Web addresses in one form.
package enum WebAddress {
    /// The address with its scheme and host in small letters (the host as ``HostName`` has it), without the port that the scheme has anyway and
    /// without a slash that is all of the path; with https where no scheme was typed before a host with a dot. Everything else stays: a server
    /// may tell it apart. Nil for what is no web address.
    package static func normal(_ text: String) -> String? {
        let scalars = text.unicodeScalars
        let (scheme, rest): (String, Substring)
        if let known = ["https://", "http://"].first(where: { begins(text, $0) }) {
            (scheme, rest) = (known, Substring(scalars.dropFirst(known.utf8.count)))
        } else if !text.contains("://") {
            (scheme, rest) = ("https://", text[...])
        } else {
            return nil
        }
        let authority = rest.unicodeScalars.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let host = HostName.normal(Substring(parts[0])) else { return nil }
        if !begins(text, scheme), !host.contains(".") { return nil }
        let path = rest.unicodeScalars[authority.endIndex...]
        let port = parts.count > 1 ? Substring(parts[1]) : nil
        let isUsual = port.map { UInt16($0) == (scheme == "http://" ? 80 : 443) } ?? true
        return scheme + host + (isUsual ? "" : ":\(port ?? "")") + (path.elementsEqual(["/"]) ? "" : String(path))
    }

    /// In upper or lower case.
    private static func begins(_ text: String, _ scheme: String) -> Bool {
        text.utf8.count >= scheme.utf8.count
            && zip(text.utf8, scheme.utf8).allSatisfy { typed, letter in
                typed == letter || typed | 0x20 == letter && (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
            }
    }
}
