import Glibc

/// What is known about standard output and standard error.
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

    /// Writes a line to standard output.
    static func line(_ text: String = "") {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// Writes a line to standard error.
    static func note(_ text: String) {
        write(text + "\n", to: STDERR_FILENO)
    }

    /// Writes all of the text, waiting while the reader is slow. A reader that went away ends the program quietly, as it
    /// does for every Unix filter.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                if count >= 0 { sent += count } else if errno != EINTR && errno != EAGAIN { exit(1) }
            }
        }
    }
}

/// Text with colour, where the terminal has it.
enum Style: String {
    case bold = "1", dim = "2", red = "31", green = "32", blue = "34", cyan = "36"

    func callAsFunction(_ text: String) -> String {
        Terminal.usesColour ? "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" : text
    }
}
