import Foundation

/// The program `steward`, with a folder for its sessions.
package struct CommandLineTool: Sendable {
    /// How a command ended.
    package struct Result: Sendable {
        package let code: Int32
        package let output: String
        package let errors: String

        /// The lines of the output.
        package var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    /// For files of the test.
    package let folder: String
    private let path: String
    private let environment: [String]

    /// - Parameter server: address of the gateway; nil leaves the environment without one.
    package init(_ steward: TestSteward, knowsServer: Bool = true) throws {
        path = try Programs.path("steward")
        folder = "\(steward.folder)/tool-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let place = ["STEWARD_SERVER=\(steward.address)", "STEWARD_CA=\(steward.trustRoots)"]
        environment =
            [
                "PATH=/usr/bin:/bin", "HOME=\(folder)", "STEWARD_HOME=\(folder)/home", "LANG=C.UTF-8", "TERM=dumb",
            ] + (knowsServer ? place : [])
    }

    /// A file with this text.
    package func file(_ name: String, _ text: String) throws -> String {
        let path = "\(folder)/\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// Runs a command and waits for its end.
    package func run(_ arguments: String..., input: String = "") async throws -> Result {
        try await run(arguments: arguments, input: input)
    }

    package func run(arguments: [String], input: String = "") async throws -> Result {
        try await start(arguments: arguments, input: input).result()
    }

    /// Starts a command and leaves it running.
    package func start(_ arguments: String..., input: String = "") throws -> Running {
        try start(arguments: arguments, input: input)
    }

    private func start(arguments: [String], input: String) throws -> Running {
        try start(command: [path] + arguments, input: input)
    }

    /// Runs a command with a terminal for its output, which is given with its errors, as the terminal gets it.
    package func runOnTerminal(_ arguments: [String]) async throws -> Result {
        let line = ([path] + arguments).map { "'\($0.replacingOccurrences(of: "'", with: "'\\''"))'" }
        return try await start(
            command: ["/usr/bin/script", "-qec", line.joined(separator: " "), "/dev/null"], input: ""
        ).result()
    }

    /// Runs a command whose files may be no longer than so many blocks of 512 bytes, as if the disk were full.
    package func run(fileBlocksMax: Int, _ arguments: [String]) async throws -> Result {
        let script = "trap '' XFSZ; ulimit -f \(fileBlocksMax); exec \"$@\""
        return try await start(command: ["/bin/sh", "-c", script, "sh", path] + arguments, input: "").result()
    }

    /// Runs a script of bash, in which `$steward` is the program and `$folder` the folder for files of the test.
    package func run(script: String) async throws -> Result {
        let variables = "steward='\(path)' folder='\(folder)'"
        return try await start(command: ["/bin/bash", "-c", "set -euo pipefail; \(variables)\n\(script)"], input: "")
            .result()
    }

    private func start(command: [String], input: String) throws -> Running {
        // What whoever runs the tests ignores (nohup, a shell's background) the command would ignore, too.
        for ignored in [SIGINT, SIGHUP] { signal(ignored, SIG_DFL) }
        let number = UInt32.random(in: 0 ... .max)
        let input = try file("input-\(number)", input)
        let output = "\(folder)/output-\(number)"
        let errors = "\(folder)/errors-\(number)"
        let child = try ChildProcess(
            command, logPath: output, inputPath: input, errorPath: errors, environment: environment)
        return Running(child: child, output: output, errors: errors, command: command.joined(separator: " "))
    }

    /// A command that has not ended yet.
    package struct Running: Sendable {
        fileprivate let child: ChildProcess
        fileprivate let output, errors, command: String

        package func send(_ signal: Int32) { child.send(signal) }

        /// What it has written to standard output so far.
        package func outputSoFar() throws -> String { try String(contentsOfFile: output, encoding: .utf8) }

        /// What it has written to standard error so far.
        package func errorsSoFar() throws -> String { try String(contentsOfFile: errors, encoding: .utf8) }

        /// Waits for its end, which no signal may have brought about.
        package func result() async throws -> Result {
            guard case .exited(let code) = try await child.awaitEnding(within: .seconds(120)) else {
                throw TestStewardError("\(command) was killed")
            }
            return Result(
                code: code, output: try String(contentsOfFile: output, encoding: .utf8),
                errors: try String(contentsOfFile: errors, encoding: .utf8))
        }

        /// kill -9.
        package func kill() async throws {
            send(SIGKILL)
            _ = try await child.awaitEnding()
        }
    }

    /// Signs in as a user of a workspace.
    package func signIn(_ workspace: TestWorkspace, _ email: String? = nil) async throws {
        let result = try await run(
            "login", "--workspace", workspace.name, "--email", email ?? workspace.adminEmail, "--password-file", "-",
            input: TestSteward.password + "\n")
        guard result.code == 0 else { throw TestStewardError("login failed: \(result.errors)") }
    }
}

extension TestWorkspace {
    /// The program `steward`, signed in as the admin.
    package func commandLine() async throws -> CommandLineTool {
        let tool = try CommandLineTool(steward)
        try await tool.signIn(self)
        return tool
    }
}
