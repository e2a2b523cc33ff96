import Glibc

/// The kernel refused something that the reactor cannot work without. Never the fault of a peer.
package struct ReactorError: Error, CustomStringConvertible, Sendable {
    /// The system call that failed.
    package let call: String
    /// The `errno` it left.
    package let code: Int32

    package init(call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    package var description: String {
        let text = "\(call): \(String(cString: strerror(code)))"
        switch code {
        case EMFILE, ENFILE:
            return text + "; raise the limit of open files (LimitNOFILE in the unit, or ulimit -n)"
        case ENOSPC: return text + "; raise fs.epoll.max_user_watches"
        case EAGAIN where call == "pthread_create":
            return text + "; raise the limit of threads (TasksMax, ulimit -u)"
        default: return text
        }
    }
}
