import Credentials
import Glibc

/// Reads passwords: never from the command line, where other users of the machine see them.
enum PasswordInput {
    /// From the first line of `file` (`-` is standard input) or, without one, asked for on the terminal without echo.
    static func read(file: String?, prompt: String) throws -> String {
        if let file { return try firstLine(of: file) }
        guard isatty(STDIN_FILENO) == 1 else {
            throw UsageProblem("there is no terminal to ask for the password on", cure: "give --password-file FILE")
        }
        return try ask(prompt)
    }

    private static func firstLine(of file: String) throws -> String {
        if file == "-" {
            guard let line = readLine() else {
                throw UsageProblem("standard input is empty", cure: "write the password into its first line")
            }
            return try checked(withoutMark(line))
        }
        let text = withoutMark(try CheckedText.text(try PrivateFile.read(file), "the password file \(file)"))
        guard let line = text.split(whereSeparator: \.isNewline).first else {
            throw UsageProblem("the password file \(file) is empty", cure: "write the password into its first line")
        }
        return String(line)
    }

    /// Without the mark that Windows puts before a text in UTF-8, which nobody types who signs in by hand.
    private static func withoutMark(_ text: String) -> String {
        text.unicodeScalars.first == "\u{feff}" ? String(text.unicodeScalars.dropFirst()) : text
    }

    private static func ask(_ prompt: String) throws -> String {
        Echo.turnOff()
        defer {
            Echo.turnOn()
            Terminal.prompt("\n")
        }
        Terminal.prompt("\(prompt): ")
        guard let password = readLine(strippingNewline: true) else {
            throw UsageProblem("no password was typed", cure: "type it, or give --password-file FILE")
        }
        return try checked(password)
    }

    /// Bytes that are not UTF-8 have become replacement characters by now.
    private static func checked(_ line: String) throws -> String {
        guard !line.unicodeScalars.contains("\u{fffd}") else {
            throw UsageProblem("the password holds bytes that are not UTF-8", cure: "give it in UTF-8")
        }
        return line
    }
}
