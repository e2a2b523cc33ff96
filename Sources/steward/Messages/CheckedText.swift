/// Text of bytes that came from outside. Bytes that are not UTF-8 are refused: they would become replacement characters
/// without anybody being told.
enum CheckedText {
    /// - Parameter place: what the bytes are, as in argument 3.
    static func text(_ bytes: [UInt8], _ place: String) throws(UsageProblem) -> String {
        guard let position = invalidPosition(bytes) else { return String(decoding: bytes, as: UTF8.self) }
        throw UsageProblem(
            "\(place): the byte \(hex(bytes[position])) at position \(position + 1) is not UTF-8",
            cure: "give the text in UTF-8; iconv converts it")
    }

    /// Checks the arguments of the program as they came, before anything reads them as text.
    static func check(arguments: [[UInt8]]) throws(UsageProblem) {
        for (index, argument) in arguments.enumerated() {
            _ = try text(argument, place(of: index, in: arguments))
        }
    }

    /// The arguments behind the name of the program.
    static var ownArguments: [[UInt8]] {
        (1..<max(1, Int(CommandLine.argc))).compactMap { index in
            CommandLine.unsafeArgv[index].map { bytes(of: $0) }
        }
    }

    private static func bytes(of text: UnsafeMutablePointer<Int8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var next = text
        while next.pointee != 0 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
        return bytes
    }

    /// As in argument 3, display_name; or argument 4, --filter.
    private static func place(of index: Int, in arguments: [[UInt8]]) -> String {
        let number = "argument \(index + 1)"
        let head = arguments[index].prefix { $0 != UInt8(ascii: "=") }
        if head.count < arguments[index].count, head.allSatisfy(isOfName) {
            return "\(number), \(String(decoding: head, as: UTF8.self))"
        }
        guard index > 0, arguments[index - 1].starts(with: Array("--".utf8)) else { return number }
        return "\(number), \(String(decoding: arguments[index - 1], as: UTF8.self))"
    }

    /// Letters, digits, and what stands between them in the names of fields and options.
    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Where the first sequence begins that is not UTF-8, from 0.
    static func invalidPosition(_ bytes: [UInt8]) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var position = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): position += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return position
            }
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
}
