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
        let number = UInt32.random(in: 0 ... .max)
        let input = try file("input-\(number)", input)
        let output = "\(folder)/output-\(number)"
        let errors = "\(folder)/errors-\(number)"
        let child = try ChildProcess(
            [path] + arguments, logPath: output, inputPath: input, errorPath: errors, environment: environment)
        guard case .exited(let code) = try await child.awaitEnding() else {
            throw TestStewardError("steward \(arguments.joined(separator: " ")) was killed")
        }
        return Result(
            code: code, output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    /// Signs in as a user of a workspace.
    package func signIn(_ workspace: TestWorkspace, _ email: String? = nil) async throws {
        let result = try await run(
            "login", "--workspace", workspace.name, "--email", email ?? workspace.adminEmail, "--password-file", "-",
            input: TestSteward.password + "\n")
        guard result.code == 0 else { throw TestStewardError("login failed: \(result.errors)") }
    }
}
