import Foundation

/// Runs a program to its end.
package enum ChildProgram {
    /// What the program wrote, to either output, and its exit code.
    package static func run(
        _ command: [String], environment: [String: String] = [:]
    ) async throws -> (output: String, code: Int32) {
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        let (exit, hasExited) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in hasExited.finish() }
        try process.run()
        // A thread of its own reads: the pool of Swift's tasks has few.
        let output = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: pipe.fileHandleForReading.readDataToEndOfFile())
            }
        }
        for await _ in exit {}
        return (String(decoding: output, as: UTF8.self), process.terminationStatus)
    }
}
