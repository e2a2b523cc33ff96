import ArgumentParser
import Credentials
import Glibc
import Tenancy

/// Certificates and keys by which the programs of an installation know each other.
struct PKICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pki", abstract: "Makes, rotates and revokes the certificates and keys of an installation.",
        discussion: """
            Examples:
              steward pki init --dir .steward/pki --gateway-name crm.example
              steward pki rotate --dir .steward/pki
              steward pki revoke --dir .steward/pki sales
              steward pki show --dir .steward/pki
            """,
        subcommands: [Init.self, Rotate.self, Renew.self, Revoke.self, Show.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes what is missing: the authority, a certificate for each program, the caller keys.")

        @Option(help: "Folder for the files; made if it is not there.") var dir: String
        @OptionGroup var gateway: GatewayNames
        @Option(help: "Days that certificates are valid, 1 to 825.") var days = KeyFolder.leafDays

        func run() throws {
            let folder = KeyFolder(path: dir)
            try folder.create()
            let made = try folder.locked {
                var made: [String] = []
                let authority = try folder.authority { made.append($0) }
                if try folder.makeMissingRevocations(by: authority) { made.append(KeyFolder.revocations) }
                for program in ServiceName.allCases where !folder.hasLeaf(of: program) {
                    try folder.issue(program, by: authority, hosts: gateway.names, days: days)
                    made.append("\(program.rawValue).crt")
                }
                return made + (try folder.makeMissingCallerKeys())
            }
            for name in made { Terminal.line("made \(dir)/\(name)") }
            if made.isEmpty { Terminal.line("all there") }
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issues anew what has less than a third of its life left, for the same names; for a timer.",
            discussion: """
                Programs see the new files by themselves within seconds. Does nothing when nothing is due, and waits for
                another command that works in the same folder.
                """)

        @Option(help: "Folder with the files.") var dir: String
        @Option(help: "Days that new certificates are valid, 1 to 825; as many as before when left out.") var days: Int?

        func run() throws {
            let folder = KeyFolder(path: dir)
            let rotated = try folder.locked {
                let authority = try folder.presentAuthority()
                let now = Int64(time(nil))
                let due = ServiceName.allCases.filter {
                    !folder.hasLeaf(of: $0) || folder.facts(of: $0)?.isDue(at: now) != false
                }
                for program in due { try folder.reissue(program, by: authority, days: days) }
                return due
            }
            for program in rotated { Terminal.line("made \(dir)/\(program.rawValue).crt") }
            if rotated.isEmpty { Terminal.line("nothing is due") }
        }
    }

    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issues new certificates from the same authority, due or not; names other hosts if need be.")

        @Option(help: "Folder with the files.") var dir: String
        @OptionGroup var gateway: GatewayNames
        @Option(help: "Days that certificates are valid, 1 to 825.") var days = KeyFolder.leafDays
        @Argument(help: "\(PKICommand.names); without a name all.") var programs: [String] = []

        func run() throws {
            let names = try programs.map(PKICommand.program)
            let folder = KeyFolder(path: dir)
            try folder.locked {
                let authority = try folder.presentAuthority()
                for program in names.isEmpty ? ServiceName.allCases : names {
                    try folder.issue(program, by: authority, hosts: gateway.names, days: days)
                    Terminal.line("made \(dir)/\(program.rawValue).crt")
                }
            }
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shuts out whoever holds a key that a program has, and gives the program a new one.",
            discussion: """
                Takes back every certificate of the program that is still valid. It works wherever the new ca.crl is
                installed and named by the setting tls.crl: copy it to all machines, and the new certificate to its own.
                """)

        @Option(help: "Folder with the files.") var dir: String
        @Option(help: "Days that the new certificate is valid, 1 to 825; as many as before when left out.") var days:
            Int?
        @Argument(help: "One of \(PKICommand.names).") var name: String

        func run() throws {
            let program = try PKICommand.program(name)
            let folder = KeyFolder(path: dir)
            let serials = try folder.locked {
                try folder.revoke(program, by: folder.presentAuthority(), days: days)
            }
            for serial in serials { Terminal.line("revoked \(program.rawValue), serial \(serial)") }
            Terminal.line("made \(dir)/\(program.rawValue).crt and \(dir)/\(KeyFolder.revocations)")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows until when the certificates are valid, and what was revoked.")

        @Option(help: "Folder with the files.") var dir: String

        func run() throws {
            let folder = KeyFolder(path: dir)
            var table = Table(columns: ["file", "valid until", "serial", "names"].map { .init(title: $0) })
            for name in ["ca"] + ServiceName.allCases.map(\.rawValue) {
                let facts = try CertificateFacts(ofPEM: folder.text("\(name).crt"))
                let end = Timestamp(microseconds: facts.notAfter * 1_000_000).text
                table.rows.append(["\(name).crt", end, facts.serial, facts.dnsNames.joined(separator: " ")])
            }
            for line in table.lines(width: Terminal.width) { Terminal.line(line) }
            for serial in try RevocationList.serials(ofPEM: folder.text(KeyFolder.revocations)) {
                Terminal.line("revoked: \(serial)")
            }
        }
    }

    /// Names that only the gateway's certificate gets.
    struct GatewayNames: ParsableArguments {
        @Option(
            name: .customLong("gateway-name"),
            help: """
                A public host name or address for the gateway's certificate, beside \(ServiceName.gateway.peerName), \
                for clients that check the host they connect to. May be repeated.
                """)
        var names: [String] = []

        func validate() throws {
            guard !names.contains(KeyFolder.nameOfAll) else {
                throw ValidationError(
                    "--gateway-name \(KeyFolder.nameOfAll) would name every program of a machine; clients check for "
                        + "\(ServiceName.gateway.peerName), whatever address they connect to")
            }
        }
    }

    /// What the programs are called, for help and errors.
    private static let names = ServiceName.allCases.map(\.rawValue).joined(separator: ", ")

    private static func program(_ name: String) throws -> ServiceName {
        guard let program = ServiceName(rawValue: name) else {
            throw ValidationError("\(name) is not one of \(names)")
        }
        return program
    }
}
