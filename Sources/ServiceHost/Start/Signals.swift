import CLinux
import Glibc
import Reactor

/// Takes the signals of the process as events of a loop.
// SAFETY: confined to its loop after `block`.
final class Signals: @unchecked Sendable {
    /// What an operator asks for.
    enum Request: Sendable {
        /// TERM or INT: finish and stop.
        case stop(String)
        /// HUP: read certificates and log level again.
        case reload
    }

    private let descriptor: Int32
    private var watch: Watch?

    /// Keeps the signals from the threads that exist and come; call it first thing, before any thread is made.
    static func block() {
        var set = mask
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private static var mask: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }

    /// Delivers them to `handler` on the loop. Throws `StartError` when the process is out of descriptors.
    init(loop: EventLoop, _ handler: @escaping @Sendable (Request) -> Void) throws {
        loop.assertCurrent()
        var set = Self.mask
        descriptor = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw StartError(
                "signalfd: \(String(cString: strerror(errno))); raise the limit of open files (ulimit -n)")
        }
        watch = try loop.watch(descriptor, interest: .read) { [descriptor] _ in
            while let request = Self.next(descriptor) { handler(request) }
        }
    }

    private static func next(_ descriptor: Int32) -> Request? {
        var information = signalfd_siginfo()
        let count = read(descriptor, &information, MemoryLayout<signalfd_siginfo>.size)
        guard count == MemoryLayout<signalfd_siginfo>.size else { return nil }
        switch Int32(information.ssi_signo) {
        case SIGHUP: return .reload
        case SIGINT: return .stop("SIGINT")
        default: return .stop("SIGTERM")
        }
    }
}
