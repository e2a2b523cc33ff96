/// Reads the head of an HTTP/1.1 request, as far as the admin port needs it. Pure: bytes in, verdict out.
enum AdminRequest: Equatable {
    /// The head is not complete yet.
    case incomplete
    /// A GET of this path, without its query.
    case get(path: String)
    /// Something that the admin port does not do, with the status to answer.
    case refused(status: Int, reason: String)

    init(_ bytes: [UInt8]) {
        guard let end = Self.endOfHead(bytes) else {
            self =
                bytes.count < HostLimits.adminHeadBytesMax
                ? .incomplete : .refused(status: 431, reason: "Request Header Fields Too Large")
            return
        }
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let line = head.prefix { $0 != "\r\n" && $0 != "\n" }
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].hasPrefix("HTTP/1."), parts[1].hasPrefix("/") else {
            self = .refused(status: 400, reason: "Bad Request")
            return
        }
        guard parts[0] == "GET" || parts[0] == "HEAD" else {
            self = .refused(status: 405, reason: "Method Not Allowed")
            return
        }
        self = .get(path: String(parts[1].prefix { $0 != "?" }))
    }

    /// The end of the empty line after the header fields.
    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let (cr, lf) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
        for index in bytes.indices where bytes[index] == lf && index > 0 {
            if bytes[index - 1] == lf { return index + 1 }
            if index >= 3, bytes[index - 1] == cr, bytes[index - 2] == lf { return index + 1 }
        }
        return nil
    }
}

/// An answer of the admin port.
struct AdminResponse: Sendable, Equatable {
    var status: Int
    var reason: String
    var contentType = "text/plain; charset=utf-8"
    var body: String

    static func ok(_ body: String) -> AdminResponse { AdminResponse(status: 200, reason: "OK", body: body) }

    /// The bytes on the wire. Every connection serves one request.
    var bytes: [UInt8] {
        let content = Array(body.utf8)
        let head = """
            HTTP/1.1 \(status) \(reason)\r\nContent-Type: \(contentType)\r\nContent-Length: \(content.count)\r\n\
            Connection: close\r\nCache-Control: no-store\r\n\r\n
            """
        return Array(head.utf8) + content
    }
}
