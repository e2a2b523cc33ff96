import Foundation
import Migrations
import Tenancy

/// Writes the settings files of the four programs, with the keys that deploy/up uses.
struct SettingsFiles {
    let folder: String
    let keys: KeyFolder
    let database: TestDatabase
    let ports: [ServiceName: (listen: Int, admin: Int)]
    /// Lines of YAML that a test adds.
    let extra: [ServiceName: String]

    func write() throws {
        for program in ServiceName.allCases {
            try text(program).write(toFile: "\(folder)/\(program.rawValue).yaml", atomically: true, encoding: .utf8)
        }
    }

    private func text(_ program: ServiceName) -> String {
        let port = ports[program] ?? (0, 0)
        var lines = [
            "listen: \"127.0.0.1:\(port.listen)\"",
            "admin: \"127.0.0.1:\(port.admin)\"",
            "tls:",
            "  certificate: \"\(keys.path)/\(program.rawValue).crt\"",
            "  key: \"\(keys.path)/\(program.rawValue).key\"",
            "  ca: \"\(keys.path)/ca.crt\"",
        ]
        if program != .gateway {
            lines += [
                "database: {dsn: \"\(database.dsn(InstallationNames.login(program, partition: 0)))\"}",
                "provisioner: {dsn: \"\(database.dsn(InstallationNames.provisioner))\"}",
                "callerKeys:",
            ]
            for service in InstallationNames.dataServices where program == .identity || program == service {
                lines.append("  \(service.rawValue): \"\(keys.path)/caller-\(service.rawValue).key\"")
            }
        }
        lines.append("peers:")
        for service in InstallationNames.dataServices where service != program {
            lines.append("  \(service.rawValue): [\"127.0.0.1:\(ports[service]?.listen ?? 0)\"]")
        }
        if let extra = extra[program] { lines.append(extra) }
        return lines.joined(separator: "\n") + "\n"
    }
}
