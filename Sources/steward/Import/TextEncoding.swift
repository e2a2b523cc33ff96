import Glibc

/// How the characters of a file are written as bytes.
struct TextEncoding: Equatable {
    /// As iconv knows it.
    let name: String

    static let utf8 = TextEncoding(name: "UTF-8")

    var isUTF8: Bool { name == Self.utf8.name }

    /// An encoding by any name that iconv knows, as in windows-1252, latin1 or gb18030; nil for another one.
    init?(named name: String) {
        let upper = name.uppercased()
        guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }),
            let converter = TextConverter(from: upper)
        else { return nil }
        _ = converter
        self.name = ["UTF8", "UTF-8-SIG"].contains(upper) ? Self.utf8.name : upper
    }

    private init(name: String) { self.name = name }

    /// What the first bytes of a file tell: a byte-order mark, or the NULs that UTF-16 has in nearly every character of a
    /// header line. Everything else is taken for UTF-8, which is checked byte by byte later.
    static func detect(_ head: some Collection<UInt8>) -> TextEncoding {
        let head = Array(head.prefix(4096))
        if head.starts(with: [0xff, 0xfe]) { return TextEncoding(name: "UTF-16LE") }
        if head.starts(with: [0xfe, 0xff]) { return TextEncoding(name: "UTF-16BE") }
        let even = stride(from: 0, to: head.count, by: 2).count { head[$0] == 0 }
        let odd = stride(from: 1, to: head.count, by: 2).count { head[$0] == 0 }
        // A NUL here and there is a mistake in a file of bytes; a sixth of all, on one side, is an encoding.
        if odd > head.count / 6, odd > 4 * even { return TextEncoding(name: "UTF-16LE") }
        if even > head.count / 6, even > 4 * odd { return TextEncoding(name: "UTF-16BE") }
        return .utf8
    }

    /// The encoding that bytes which are not UTF-8 are likely in, and how they read in it. In Chinese all bytes above ASCII come
    /// in pairs; in European texts such a letter stands alone or beside one other.
    static func likely(_ bytes: [UInt8]) -> (name: String, sample: String)? {
        let runs = bytes.split { $0 < 0x80 }.map(\.count)
        let isPaired = runs.allSatisfy { $0.isMultiple(of: 2) } && runs.contains { $0 >= 4 }
        let names = isPaired ? ["gb18030", "windows-1252"] : ["windows-1252"]
        for name in names {
            guard let sample = TextConverter.text(of: Array(bytes.prefix(isPaired ? 4_000 : 80)), as: name.uppercased())
            else { continue }
            return (name, String(sample.prefix(40)))
        }
        return nil
    }

    /// What a file is that holds no text at all, by its first bytes.
    static func knownBinary(_ head: some Collection<UInt8>) -> String? {
        let kinds: [([UInt8], String)] = [
            ([0x50, 0x4b, 0x03, 0x04], "a workbook (.xlsx, .ods) or an archive"),
            ([0xd0, 0xcf, 0x11, 0xe0], "an old Excel workbook (.xls)"), ([0x1f, 0x8b], "compressed with gzip"),
            ([0x28, 0xb5, 0x2f, 0xfd], "compressed with zstd"), (Array("%PDF".utf8), "a PDF"),
        ]
        return kinds.first { head.starts(with: $0.0) }?.1
    }
}

/// Turns the bytes of a file into UTF-8, piece by piece.
final class TextConverter {
    private let descriptor: iconv_t
    /// Bytes of a character whose end has not come yet.
    private var rest: [UInt8] = []

    init?(from name: String) {
        let made: iconv_t? = iconv_open("UTF-8", name)
        // iconv_open gives -1 for a name that it does not know.
        guard let made, made != iconv_t(bitPattern: -1) else { return nil }
        descriptor = made
    }

    deinit { iconv_close(descriptor) }

    /// The text of the next bytes, up to the first that are no character: these end it, and are given as `bad`.
    func convert(_ bytes: [UInt8], isLast: Bool) -> (text: [UInt8], bad: [UInt8]?) {
        var input = rest + bytes
        rest.removeAll()
        var text: [UInt8] = []
        var taken = 0
        while taken < input.count {
            let (used, made, code) = step(&input, from: taken)
            text += made
            taken += used
            guard code != E2BIG else { continue }
            if code == EINVAL, !isLast { break }
            if code != 0 { return (text, Array(input[taken...].prefix(1))) }
        }
        rest = Array(input[taken...])
        return (text, nil)
    }

    private func step(_ input: inout [UInt8], from start: Int) -> (used: Int, made: [UInt8], code: Int32) {
        var inLeft = input.count - start
        let before = inLeft
        var code: Int32 = 0
        let made = [UInt8](unsafeUninitializedCapacity: 2 * before + 16) { buffer, count in
            var outLeft = 2 * before + 16
            buffer.withMemoryRebound(to: CChar.self) { out in
                input.withUnsafeMutableBytes { bytes in
                    var from = bytes.baseAddress.map { ($0 + start).assumingMemoryBound(to: CChar.self) }
                    var to = out.baseAddress
                    if iconv(descriptor, &from, &inLeft, &to, &outLeft) == -1 { code = errno }
                }
            }
            count = 2 * before + 16 - outLeft
        }
        return (before - inLeft, made, code)
    }

    /// The text as another encoding reads it, to be shown; nil when it cannot be that one.
    static func text(of bytes: [UInt8], as encoding: String) -> String? {
        guard let (text, bad) = TextConverter(from: encoding)?.convert(bytes, isLast: true), bad == nil else {
            return nil
        }
        return String(validating: text, as: UTF8.self)
    }
}
