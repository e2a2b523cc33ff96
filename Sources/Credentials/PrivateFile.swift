import Glibc

/// Files that hold secrets: readable by their owner alone, and never half written.
package enum PrivateFile {
    /// Largest file that ``read`` takes: certificates and keys are a few KiB.
    package static let bytesMax = 1 << 20

    /// Writes the file anew: a temporary sibling with mode 0600 (or `mode`), synced, then renamed over it. Root leaves it
    /// to the owner of the file that it replaces, a program that has to go on reading it.
    package static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600
    ) throws(CredentialsError) {
        let temporary = path + ".new-\(getpid())"
        unlink(temporary)
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard file >= 0 else { throw failure("create", temporary) }
        let written =
            keepOwner(of: path, on: file) && fchmod(file, mode) == 0 && writeAll(bytes, to: file) && fsync(file) == 0
        let saved = errno
        close(file)
        guard written, rename(temporary, path) == 0 else {
            let cause = written ? errno : saved
            unlink(temporary)
            errno = cause
            throw failure("write", path)
        }
    }

    /// Reads a whole file of at most ``bytesMax`` bytes.
    package static func read(_ path: String) throws(CredentialsError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("read", path) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress! + filled, $0.count - filled)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= bytesMax else {
            throw CredentialsError(
                .file, "\(path) is larger than \(bytesMax) bytes; that is no key or certificate")
        }
        return Array(bytes.prefix(filled))
    }

    private static func keepOwner(of path: String, on file: Int32) -> Bool {
        var status = stat()
        guard geteuid() == 0, stat(path, &status) == 0 else { return true }
        return fchown(file, status.st_uid, status.st_gid) == 0
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress! + written, $0.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func failure(_ verb: String, _ path: String) -> CredentialsError {
        let cure =
            switch errno {
            case ENOENT: "check the path"
            case EACCES, EPERM: "give the user that runs the program access to it"
            case ENOSPC: "free some space on the disk"
            default: "check the file and its folder"
            }
        return CredentialsError(.file, "cannot \(verb) \(path): \(String(cString: strerror(errno))); \(cure)")
    }
}
