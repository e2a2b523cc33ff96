import Foundation
import Migrations
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
        if name != .gateway {
            lines += [
                "database: {dsn: \"\(database.dsn(InstallationNames.login(name, partition: 0)))\"}",
                "provisioner: {dsn: \"\(database.dsn(InstallationNames.provisioner))\"}",
                "callerKeys:",
            ]
            for service in InstallationNames.dataServices where name == .identity || name == service {
                lines.append("  \(service.rawValue): \"\(keys.path)/caller-\(service.rawValue).key\"")
            }
        }
        lines.append("peers:")
        for service in InstallationNames.dataServices where service != name {
            let addresses = programs.filter { $0.name == service }.map { "\"127.0.0.1:\($0.port)\"" }
            lines.append("  \(service.rawValue): [\(addresses.joined(separator: ", "))]")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
