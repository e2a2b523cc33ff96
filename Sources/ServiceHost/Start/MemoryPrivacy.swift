import CLinux
import Glibc

/// What a program has in its memory are keys, passwords on their way and data of tenants.
enum MemoryPrivacy {
    /// Keeps it out of core files, and from debuggers and other processes of the same user. For the life of the process.
    static func enforce() throws {
        guard clinux_keep_memory_private() == 0 else {
            throw StartError("the memory cannot be kept private: \(String(cString: strerror(errno)))")
        }
    }
}
