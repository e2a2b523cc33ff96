import Foundation
package import Glibc

/// A program that runs as a child of the tests, with its output in a file.
package final class ChildProcess: Sendable {
    package let pid: pid_t
    /// What it wrote to standard output and standard error.
    package let logPath: String

    /// How a process ended.
    package enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(by: Int32)
    }

    /// - Parameters:
    ///   - command: path of the program, and its arguments.
    ///   - environment: replaces the one of the tests when given.
    package init(
        _ command: [String], logPath: String, inputPath: String = "/dev/null", errorPath: String? = nil,
        environment: [String]? = nil
    ) throws {
        self.logPath = logPath
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let append = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, inputPath, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logPath, append, 0o600)
        if let errorPath {
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errorPath, append, 0o600)
        } else {
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        }
        // Swift's threads block most signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // A child must not hold the pipes of the tests open.
        for descriptor in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap({ Int32($0) })
        where descriptor > STDERR_FILENO {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        var arguments = command.map { strdup($0) } + [nil]
        var variables = environment.map { $0.map { strdup($0) } + [nil] }
        defer { (arguments + (variables ?? [])).forEach { free($0) } }
        var pid: pid_t = 0
        let code =
            variables == nil
            ? posix_spawn(&pid, command[0], &actions, &attributes, &arguments, environ)
            : posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &variables!)
        guard code == 0 else {
            throw TestStewardError("\(command[0]) cannot be started: \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    package func send(_ signal: Int32) { _ = kill(pid, signal) }

    /// How it ended; nil while it runs. To be asked until it gives an answer, and not again.
    package func ending() -> Ending? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(by: signal)
    }

    /// Waits for the end.
    package func awaitEnding(within limit: Duration = .seconds(30)) async throws -> Ending {
        try await eventually("process \(pid) ends", within: limit) { ending() }
    }
}
