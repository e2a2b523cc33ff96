import Foundation

extension TestDatabase {
    /// kill -9 of the server and all its processes, as when the machine lost power but for what the kernel had been
    /// given. Only for a cluster of the test's own.
    package func killServer() async throws {
        guard let folder = try await rows("SHOW data_directory").first?.first ?? nil,
            let sockets = try await rows("SHOW unix_socket_directories").first?.first ?? nil
        else { throw TestStewardError("PostgreSQL does not say where it is") }
        let lock = "\(folder)/postmaster.pid"
        let text = try String(contentsOfFile: lock, encoding: .utf8)
        guard let server = text.split(separator: "\n").first.flatMap({ pid_t($0) }) else {
            throw TestStewardError("\(lock) names no process")
        }
        // Stopped, it has no more children.
        kill(server, SIGSTOP)
        let all = Self.children(of: server) + [server]
        for pid in all { kill(pid, SIGKILL) }
        try await eventually("PostgreSQL is gone") { all.allSatisfy { Self.stat($0).map { $0.state == "Z" } ?? true } }
        // Where nobody takes note of its end, the dead server would be taken for a living one.
        try FileManager.default.removeItem(atPath: lock)
        for name in try FileManager.default.contentsOfDirectory(atPath: sockets) where name.hasPrefix(".s.PGSQL.") {
            try FileManager.default.removeItem(atPath: "\(sockets)/\(name)")
        }
    }

    private static func children(of parent: pid_t) -> [pid_t] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { pid_t($0) }.filter { stat($0)?.parent == parent }
    }

    /// State letter and parent of a process; nil when there is no such process.
    private static func stat(_ pid: pid_t) -> (state: Substring, parent: pid_t)? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 2, let parent = pid_t(fields[2]) else { return nil }
        return (fields[1], parent)
    }
}
