import ArgumentParser
import Credentials
import Glibc
import Tenancy

/// Certificates and keys by which the programs of an installation know each other.
struct PKICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pki", abstract: "Makes and renews the certificates and keys of an installation.",
        discussion: """
            Examples:
              steward pki init --dir .steward/pki --host crm.example
              steward pki renew --dir .steward/pki gateway
              steward pki show --dir .steward/pki
            """,
        subcommands: [Init.self, Renew.self, Show.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes what is missing: the authority, a certificate for each program, the caller keys.")

        @Option(help: "Folder for the files; made if it is not there.") var dir: String
        @Option(help: "Another host name or address that clients use for the gateway. May be repeated.")
        var host: [String] = []

        func run() throws {
            let folder = KeyFolder(path: dir)
            try folder.create()
            var made: [String] = []
            let authority = try folder.authority { made.append($0) }
            for program in ServiceName.allCases where !folder.hasLeaf(of: program) {
                try folder.issue(program, by: authority, hosts: host)
                made.append("\(program.rawValue).crt")
            }
            made += try folder.makeMissingCallerKeys()
            for name in made { Terminal.line("made \(dir)/\(name)") }
            if made.isEmpty { Terminal.line("all there") }
        }
    }

    struct Renew: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Issues new certificates from the same authority.")

        @Option(help: "Folder with the files.") var dir: String
        @Option(help: "Another host name or address that clients use for the gateway. May be repeated.")
        var host: [String] = []
        @Argument(help: "gateway, identity, customer, sales; without a name all.") var programs: [String] = []

        func run() throws {
            let names = try programs.map { name in
                guard let program = ServiceName(rawValue: name) else {
                    throw ValidationError("\(name) is not one of gateway, identity, customer, sales")
                }
                return program
            }
            let folder = KeyFolder(path: dir)
            let authority = try folder.presentAuthority()
            for program in names.isEmpty ? ServiceName.allCases : names {
                try folder.issue(program, by: authority, hosts: host)
                Terminal.line("made \(dir)/\(program.rawValue).crt: send SIGHUP to steward-\(program.rawValue)")
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows until when the certificates are valid.")

        @Option(help: "Folder with the files.") var dir: String

        func run() throws {
            let folder = KeyFolder(path: dir)
            var table = Table(columns: [.init(title: "file"), .init(title: "valid until"), .init(title: "names")])
            for name in ["ca"] + ServiceName.allCases.map(\.rawValue) {
                let seconds = try Certificates.expirySeconds(ofPEM: folder.text("\(name).crt"))
                let names = ServiceName(rawValue: name).map { KeyFolder.dnsNames($0).joined(separator: " ") } ?? ""
                table.rows.append(["\(name).crt", Timestamp(microseconds: seconds * 1_000_000).text, names])
            }
            for line in table.lines(width: Terminal.width) { Terminal.line(line) }
        }
    }
}
