import Glibc

/// What is known about standard output and standard error, and the only way to write there.
///
/// Text from records, files and servers is other people's: on a terminal its control characters could move the cursor, change the
/// colours, fill the clipboard or write right to left. So everything that goes to a terminal is made harmless here
/// (`TerminalText`), whoever wrote it. In a file or a pipe it stays as it is.
enum Terminal {
    static let outputIsTerminal = isatty(STDOUT_FILENO) == 1
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Colours are used on a terminal unless NO_COLOR is set (no-color.org) or the terminal is dumb.
    static let usesColour = outputIsTerminal && environment("NO_COLOR") == nil && environment("TERM") != "dumb"

    /// Columns of the terminal; no limit when standard output is something else, so that nothing is cut in a pipe.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return .max }
        return Int(size.ws_col)
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The language in which programs speak to the user, as a tag: zh-CN of zh_CN.UTF-8; nil for C and POSIX.
    static var language: String? {
        language(of: ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap(environment).first ?? "")
    }

    static func language(of locale: String) -> String? {
        let name = String(locale.prefix { $0 != "." && $0 != "@" })
        return ["", "C", "POSIX"].contains(name) ? nil : name.replacing("_", with: "-")
    }

    /// Writes a line to standard output.
    static func line(_ text: String = "") {
        write(text + "\n", to: STDOUT_FILENO, isTerminal: outputIsTerminal)
    }

    /// Writes a line to standard error.
    static func note(_ text: String) {
        write(text + "\n", to: STDERR_FILENO, isTerminal: errorIsTerminal)
    }

    /// Asks for something: writes to standard error without ending the line.
    static func prompt(_ text: String) {
        write(text, to: STDERR_FILENO, isTerminal: errorIsTerminal)
    }

    /// Replaces the line that the cursor is in, where standard error is a terminal.
    static func redraw(_ text: String) {
        guard errorIsTerminal else { return }
        _ = Waiting.yields()
        send(lineStart + TerminalText.safe(text), to: STDERR_FILENO)
    }

    /// What `Waiting` says; the next thing that is written takes its place.
    static func showWaiting(_ text: String) { send(lineStart + text, to: STDERR_FILENO) }

    /// Goes to the start of the line that the cursor is in and empties it.
    private static let lineStart = "\r\u{1b}[K"

    private static func write(_ text: String, to descriptor: Int32, isTerminal: Bool) {
        if Waiting.yields() { send(lineStart, to: STDERR_FILENO) }
        send(isTerminal ? TerminalText.safe(text) : text, to: descriptor)
    }

    /// Writes all of the text, waiting while the reader is slow. A reader of the output that went away ends the program
    /// quietly, as it does for every Unix filter; one of the errors, a closed terminal perhaps, misses what is said.
    private static func send(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                if count >= 0 {
                    sent += count
                } else if errno != EINTR && errno != EAGAIN {
                    guard descriptor != STDOUT_FILENO else { exit(1) }
                    return
                }
            }
        }
    }
}

/// Text with colour, where the terminal has it.
enum Style: String, CaseIterable {
    case bold = "1", dim = "2", red = "31", green = "32", blue = "34", cyan = "36"

    func callAsFunction(_ text: String) -> String {
        Terminal.usesColour ? TerminalText.marked(text, self) : text
    }
}
