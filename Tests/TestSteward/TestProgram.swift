import Foundation
import Synchronization
package import Tenancy
import TestSupport

/// One of the programs, as a process that can be ended and started again.
package final class TestProgram: Sendable {
    package let name: ServiceName
    /// Of several programs of one name, from 1.
    package let instance: Int
    package let port: Int
    package let adminPort: Int
    package let logPath: String
    let settingsPath: String
    private let command: [String]
    private let watchdog: Watchdog
    private let process = Mutex<ChildProcess?>(nil)

    init(
        _ name: ServiceName, instance: Int, ports: (listen: Int, admin: Int), folder: String, watchdog: Watchdog
    ) throws {
        (self.name, self.instance, self.watchdog) = (name, instance, watchdog)
        (port, adminPort) = ports
        logPath = "\(folder)/log/\(name.rawValue)-\(instance).log"
        settingsPath = "\(folder)/etc/\(name.rawValue)-\(instance).yaml"
        command = [try Programs.path("steward-\(name.rawValue)"), "--config", settingsPath]
    }

    /// Runs the program once more with further arguments, until it ends. Gives its exit code and what it said.
    package func runOnce(_ arguments: String...) async throws -> (code: Int32, said: String) {
        let log = "\(logPath).\(UInt32.random(in: 0 ... .max))"
        let child = try ChildProcess(command + arguments, logPath: log)
        watchdog.watch(child)
        let ending = try await child.awaitEnding()
        watchdog.forget(child)
        guard case .exited(let code) = ending else { throw TestStewardError("it ended: \(ending)") }
        return (code, try String(contentsOfFile: log, encoding: .utf8))
    }

    /// Starts it and does not wait.
    package func launch() throws {
        let child = try ChildProcess(command, logPath: logPath)
        watchdog.watch(child)
        process.withLock { $0 = child }
    }

    /// Starts it and waits until it is ready and misses nothing.
    package func start() async throws {
        try launch()
        try await awaitReady()
    }

    /// Waits until it says that it can serve, and misses nothing.
    package func awaitReady(within limit: Duration = .seconds(30)) async throws {
        do {
            try await eventually("steward-\(name.rawValue) is ready", within: limit) {
                if let child = process.withLock({ $0 }), let ending = child.ending() {
                    watchdog.forget(child)
                    process.withLock { $0 = nil }
                    throw TestStewardError("it ended: \(ending)")
                }
                return Loopback.get(adminPort, "/readyz")?.body == "ready\n"
            }
        } catch {
            let answer = Loopback.get(adminPort, "/readyz")?.body ?? "no answer"
            throw TestStewardError(
                "steward-\(name.rawValue) does not become ready: \(error)\n/readyz: \(answer)\n\(logTail())")
        }
    }

    /// What an admin page shows, as in /metrics.
    package func page(_ path: String) -> (status: Int, body: String)? { Loopback.get(adminPort, path) }

    /// Memory that it has, in bytes.
    package func residentBytes() throws -> Int {
        guard let pid = process.withLock({ $0?.pid }),
            let line = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n")
                .first(where: { $0.hasPrefix("VmRSS:") }),
            let kilobytes = line.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) })
        else { throw TestStewardError("steward-\(name.rawValue) has no memory to be read") }
        return kilobytes * 1024
    }

    /// Its folder in /proc.
    package func processFolder() throws -> String {
        guard let pid = process.withLock({ $0?.pid }) else { throw TestStewardError("\(name) does not run") }
        return "/proc/\(pid)"
    }

    /// What it has written.
    package func log() throws -> String { try String(contentsOfFile: logPath, encoding: .utf8) }

    package func send(_ signal: Int32) { process.withLock { $0 }?.send(signal) }

    /// Waits for the end that a signal brings about.
    package func awaitEnding(within limit: Duration = .seconds(40)) async throws -> ChildProcess.Ending {
        guard let child = process.withLock({ $0 }) else { throw TestStewardError("\(name) does not run") }
        let ending = try await child.awaitEnding(within: limit)
        watchdog.forget(child)
        process.withLock { $0 = nil }
        return ending
    }

    /// kill -9.
    package func kill() async throws {
        send(SIGKILL)
        _ = try await awaitEnding()
    }

    /// SIGTERM, and waits until it has drained.
    package func stop() async throws {
        guard isRunning else { return }
        send(SIGTERM)
        let ending = try await awaitEnding()
        guard ending == .exited(0) else {
            throw TestStewardError("steward-\(name.rawValue) ended with \(ending)\n\(logTail())")
        }
    }

    package var isRunning: Bool { process.withLock { $0 } != nil }

    /// The last lines of its log.
    package func logTail(_ count: Int = 15) -> String {
        let log = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
        return log.split(separator: "\n").suffix(count).joined(separator: "\n")
    }
}

/// Where the programs under test are: STEWARD_TEST_PROGRAMS, or beside the tests.
package enum Programs {
    package static func path(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard access(path, X_OK) == 0 else {
            throw TestStewardError("there is no program \(path): run swift build, or set STEWARD_TEST_PROGRAMS")
        }
        return path
    }

    private static let folder: String = {
        if let named = ProcessInfo.processInfo.environment["STEWARD_TEST_PROGRAMS"] { return named }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "."
        return URL(filePath: own).deletingLastPathComponent().path
    }()
}
