/// A colour in which clients show something, as in #1e90ff.
enum ColourForm {
    static let length = 7
    static let expectation = "A colour is a # and six hexadecimal digits, as in #1e90ff."

    static func accepts(_ text: String) -> Bool {
        text.utf8.count == length && text.hasPrefix("#")
            && text.dropFirst().allSatisfy { $0.isASCII && $0.isHexDigit }
    }
}
