import Foundation

/// protoc with the generator that was built beside the tests.
enum Protoc {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let samples = repository.appending(path: "Tests/Sample")
    static let golden = repository.appending(path: "Tests/Sample/Golden")

    static func temporaryDirectory() throws -> URL {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "generator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    /// Runs protoc on files below `root`.
    static func run(
        _ files: [String], root: URL, output: URL, parameter: String = ""
    ) throws -> (status: Int32, errors: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            [
                "protoc", "-I\(root.path)", "-I\(repository.path)/proto", "-I/usr/include",
                "--plugin=protoc-gen-steward=\(generator.path)",
                "--steward_out=\(parameter):\(output.path)",
            ] + files
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    /// Runs protoc on one file with this text after the syntax and package.
    static func run(
        text: String, syntax: String = "proto2", parameter: String = ""
    ) throws -> (status: Int32, errors: String, swift: String) {
        let directory = try temporaryDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        try "syntax = \"\(syntax)\";\npackage steward.probe.v1;\n\(text)"
            .write(to: directory.appending(path: "probe.proto"), atomically: true, encoding: .utf8)
        let outcome = try run(["probe.proto"], root: directory, output: directory, parameter: parameter)
        let swift = try? String(contentsOf: directory.appending(path: "ProbeContracts/probe.swift"), encoding: .utf8)
        return (outcome.status, outcome.errors, swift ?? "")
    }

    private static var generator: URL {
        // The test runner lies in the folder of the products, or in a bundle in it.
        var folder = Bundle.main.executableURL?.deletingLastPathComponent() ?? repository
        let name = "protoc-gen-steward"
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            folder = URL(filePath: argument).deletingLastPathComponent()
        }
        return folder.appending(path: name)
    }
}
