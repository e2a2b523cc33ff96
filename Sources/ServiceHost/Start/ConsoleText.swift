import Glibc

/// Text for whoever started the program, beside the log.
enum ConsoleText {
    static func write(_ text: String, to file: Int32 = STDOUT_FILENO) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// One line for each line of the text on standard error, each with the program's name in front.
    static func complain(_ text: String, program: String) {
        write(text.split(separator: "\n").map { "\(program): \($0)\n" }.joined(), to: STDERR_FILENO)
    }
}
