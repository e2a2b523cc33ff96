import Foundation
import ServiceHost
package import Tenancy
import TestSupport

/// A gateway without the services behind it: what anybody can do at the door needs no more. Its methods are health and
/// reflection.
package final class LoneGateway: Sendable {
    package let program: TestProgram
    /// Folder with etc, pki and log.
    package let folder: String
    private let keys: KeyFolder
    private let watchdog: Watchdog

    /// Starts it and waits until it listens.
    /// - Parameters:
    ///   - settings: further lines of its settings file.
    ///   - owner: whose certificate it shows.
    package static func start(
        settings: [String] = [], withCertificateOf owner: ServiceName = .gateway
    ) async throws -> LoneGateway {
        let gateway = try LoneGateway(settings, owner)
        try await gateway.program.startListening()
        return gateway
    }

    private init(_ settings: [String], _ owner: ServiceName) throws {
        folder = "/tmp/steward-gateway-\(UInt32.random(in: 0 ... .max))"
        for part in ["", "/etc", "/pki", "/log"] {
            try FileManager.default.createDirectory(atPath: folder + part, withIntermediateDirectories: true)
        }
        watchdog = try Watchdog(folder: folder)
        keys = try KeyFolder(path: "\(folder)/pki")
        let peers = Topology.facingClients
        let ports = try Loopback.freePorts(2 + peers.count)
        program = try TestProgram(
            .gateway, instance: 1, ports: (listen: ports[0], admin: ports[1]), folder: folder, watchdog: watchdog)
        let files = keys.files(of: owner)
        let addresses = zip(peers, ports.dropFirst(2)).map { "\($0): [\"127.0.0.1:\($1)\"]" }
        let lines = [
            "listen: \"127.0.0.1:\(program.port)\"", "admin: \"127.0.0.1:\(program.adminPort)\"",
            "tls: {certificate: \"\(files.certificate)\", key: \"\(files.key)\", ca: \"\(keys.trustRoots)\"}",
            "peers: {\(addresses.joined(separator: ", "))}",
        ]
        try (lines + settings + [""]).joined(separator: "\n").write(
            toFile: program.settingsPath, atomically: true, encoding: .utf8)
    }

    /// The certificate to trust.
    package var trustRoots: String { keys.trustRoots }

    /// The files of its certificate and key.
    package var certificate: (certificate: String, key: String) { keys.files(of: .gateway) }

    /// Replaces its certificate.
    package func renewCertificate() throws { try keys.issue(.gateway) }

    package func connect() async throws -> RawClient {
        try await RawClient.connect(port: program.port, trustRoots: trustRoots)
    }

    /// The value of a metric, summed over its labels that contain `label`; 0 when there is none.
    package func metric(_ name: String, _ label: String = "") -> Double {
        (program.page("/metrics")?.body ?? "").split(separator: "\n").filter {
            ($0.hasPrefix("\(name){") || $0.hasPrefix("\(name) ")) && (label.isEmpty || $0.contains(label))
        }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    package func stop() async throws {
        try await program.stop()
        watchdog.finish()
    }
}

extension TestProgram {
    /// Starts it and waits until it listens, ready or not.
    func startListening() async throws {
        try launch()
        try await eventually("steward-\(name.rawValue) serves") { try log().contains("\"serving\"") }
    }
}
