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
            return line
        }
        let text = String(decoding: try PrivateFile.read(file), as: UTF8.self)
        guard let line = text.split(whereSeparator: \.isNewline).first else {
            throw UsageProblem("the password file \(file) is empty", cure: "write the password into its first line")
        }
        return String(line)
    }

    private static func ask(_ prompt: String) throws -> String {
        var old = termios()
        tcgetattr(STDIN_FILENO, &old)
        var silent = old
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &old)
            Terminal.prompt("\n")
        }
        Terminal.prompt("\(prompt): ")
        guard let password = readLine(strippingNewline: true) else {
            throw UsageProblem("no password was typed", cure: "type it, or give --password-file FILE")
        }
        return password
    }
}
