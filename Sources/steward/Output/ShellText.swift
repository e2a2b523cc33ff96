/// Texts as words of a command that somebody copies into a shell.
enum ShellText {
    static func quoted(_ text: String) -> String {
        let isWord = !text.isEmpty && text.unicodeScalars.allSatisfy(isHarmless)
        return isWord ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || "0123456789._-/:@%+,=".unicodeScalars.contains(scalar)
    }
}
