import FoundationEssentials
import Glibc

/// What the command line remembers of a sign-in, in `$STEWARD_HOME/sessions/<profile>`, readable by its owner only.
/// `STEWARD_HOME` defaults to `~/.config/steward`.
struct Profile: Codable, Equatable {
    /// Address of the gateway, host:port.
    var server: String
    /// File with the certificate authority that the gateway's certificate is checked against.
    var trustRoots: String
    /// Name that the gateway's certificate must carry, when it is another than the usual one.
    var serverName: String?
    /// Absent for an operator.
    var workspace: String?
    var email: String?
    /// Base64; whoever has it is the user.
    var sessionHandle: String?
    /// Base64; renews the session once.
    var refreshToken: String?

    static func path(_ name: String) throws -> String {
        guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-_".contains($0) }) else {
            throw UsageProblem("\(name) is no profile name", cure: "use letters, digits, - and _")
        }
        return "\(home())/sessions/\(name)"
    }

    /// The folder of all that the command line keeps.
    static func home() -> String {
        Terminal.environment("STEWARD_HOME") ?? "\(Terminal.environment("HOME") ?? ".")/.config/steward"
    }

    /// Nil when nothing was saved yet.
    static func load(_ name: String) throws -> Profile? {
        let path = try path(name)
        guard access(path, F_OK) == 0 else { return nil }
        do {
            return try JSONDecoder().decode(Profile.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw UsageProblem(
                "the session file \(path) cannot be read", cure: "delete it and sign in again: steward login")
        }
    }

    /// Writes a new file and renames it into place, so that a reader never sees half of it.
    func save(_ name: String) throws {
        let path = try Profile.path(name)
        try FileManager.default.createDirectory(
            atPath: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = try [UInt8](encoder.encode(self))
        let temporary = "\(path).\(getpid())"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else {
            throw UsageProblem(
                "the session file \(path) cannot be written: \(String(cString: strerror(errno)))",
                cure: "name another folder in STEWARD_HOME")
        }
        let written = write(file, text, text.count)
        guard close(file) == 0, written == text.count, rename(temporary, path) == 0 else {
            unlink(temporary)
            throw UsageProblem("the session file \(path) cannot be written", cure: "check the free space of the disk")
        }
    }
}
