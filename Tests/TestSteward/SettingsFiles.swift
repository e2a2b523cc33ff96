import Foundation
import Migrations
import ServiceHost
import Tenancy

/// Writes the settings files of the programs, with the keys that deploy/up uses.
struct SettingsFiles {
    let keys: KeyFolder
    let database: TestDatabase
    let programs: [TestProgram]

    /// - Parameter further: more lines for a program.
    func write(further: (TestProgram) -> [String]) throws {
        for program in programs {
            let text = text(program) + further(program).map { $0 + "\n" }.joined()
            try text.write(toFile: program.settingsPath, atomically: true, encoding: .utf8)
        }
    }

    private func text(_ program: TestProgram) -> String {
        let name = program.name
        var lines = [
            "listen: \"127.0.0.1:\(program.port)\"",
            "admin: \"127.0.0.1:\(program.adminPort)\"",
            "tls:",
            "  certificate: \"\(keys.path)/\(name.rawValue).crt\"",
            "  key: \"\(keys.path)/\(name.rawValue).key\"",
            "  ca: \"\(keys.path)/ca.crt\"",
            "  crl: \"\(keys.path)/ca.crl\"",
        ]
        if name == .provisioner {
            // Most tests open one workspace, and would wait for the making of others.
            lines.append("provisioner: {dsn: \"\(database.dsn(InstallationNames.provisioner))\", blanks: 0}")
        }
        if ServiceName.dataServices.contains(name) {
            lines += [
                "database: {dsn: \"\(database.dsn(InstallationNames.login(name, partition: 0)))\"}",
                "callerKeys:",
            ]
            for service in ServiceName.dataServices where name == .identity || name == service {
                lines.append("  \(service.rawValue): \"\(keys.path)/caller-\(service.rawValue).key\"")
            }
        }
        let peers = Topology.peers(of: name).map { peer in
            let addresses = programs.filter { $0.name == peer }.map { "\"127.0.0.1:\($0.port)\"" }
            return "\(peer.rawValue): [\(addresses.joined(separator: ", "))]"
        }
        lines.append("peers: {\(peers.joined(separator: ", "))}")
        return lines.joined(separator: "\n") + "\n"
    }
}
