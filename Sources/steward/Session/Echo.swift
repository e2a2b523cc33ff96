import Glibc
import Synchronization

/// Whether the terminal shows what is typed. Off while a password is read, and on again however that ends.
enum Echo {
    private static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
    /// The local modes of the terminal as they were.
    private static let usual = Atomic<UInt32>(0)

    /// A signal that ends the program turns it on first.
    static func turnOff() {
        var modes = termios()
        tcgetattr(STDIN_FILENO, &modes)
        usual.store(modes.c_lflag, ordering: .relaxed)
        for number in signals {
            Glibc.signal(number) { number in
                Echo.restore(TCSANOW)
                var newline = UInt8(ascii: "\n")
                _ = Glibc.write(STDERR_FILENO, &newline, 1)
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
        modes.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &modes)
    }

    static func turnOn() {
        for number in signals { Glibc.signal(number, SIG_DFL) }
        restore(TCSAFLUSH)
    }

    private static func restore(_ when: Int32) {
        var modes = termios()
        guard tcgetattr(STDIN_FILENO, &modes) == 0 else { return }
        modes.c_lflag = usual.load(ordering: .relaxed)
        tcsetattr(STDIN_FILENO, when, &modes)
    }
}
