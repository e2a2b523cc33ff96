import Foundation

/// Ends the programs of a test run and removes its folder when the test process is gone, however that ended.
final class Watchdog: Sendable {
    private let commands = Pipe()

    init(folder: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", Self.script, "watchdog", folder]
        process.standardInput = commands
        try process.run()
    }

    func watch(_ process: ChildProcess) { say("add \(process.pid)") }
    func forget(_ process: ChildProcess) { say("drop \(process.pid)") }

    /// Ends what still runs and removes the folder.
    func finish() { try? commands.fileHandleForWriting.close() }

    private func say(_ line: String) {
        try? commands.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
    }

    private static let script = """
        trap '' INT HUP TERM
        pids=
        while read -r word pid; do
            case $word in
                add) pids="$pids $pid" ;;
                drop) rest=; for other in $pids; do [ "$other" = "$pid" ] || rest="$rest $other"; done; pids=$rest ;;
            esac
        done
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
        [ -n "$STEWARD_TEST_KEEP" ] || rm -rf -- "$1"
        """
}
