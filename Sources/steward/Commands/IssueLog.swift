import Credentials
import Tenancy

/// The certificates that an authority has issued and whose end has not come: a line for each, program, serial number and
/// end in seconds since 1970 UTC. What is stolen may be one that was replaced long ago; only the log knows of it.
struct IssueLog {
    private struct Entry {
        let program: String
        let serial: String
        let notAfter: Int64
    }

    private var entries: [Entry] = []

    /// Throws when a line is not as this type writes it: a log that cannot be read whole must not be written anew.
    init(text: String) throws {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3, let notAfter = Int64(words[2]) else {
                throw UsageProblem(
                    "the log of certificates has a line that cannot be read: \(line)",
                    cure: "restore the file \"issued\" in --dir, or remove the line")
            }
            entries.append(Entry(program: words[0], serial: words[1], notAfter: notAfter))
        }
    }

    /// Adds a certificate that is not there yet.
    mutating func add(_ program: ServiceName, _ facts: CertificateFacts) {
        guard !entries.contains(where: { $0.serial == facts.serial }) else { return }
        entries.append(Entry(program: program.rawValue, serial: facts.serial, notAfter: facts.notAfter))
    }

    func serials(of program: ServiceName, validAt now: Int64) -> [String] {
        entries.filter { $0.program == program.rawValue && $0.notAfter > now }.map(\.serial)
    }

    /// Without those whose end has come.
    func text(at now: Int64) -> String {
        entries.filter { $0.notAfter > now }.map { "\($0.program) \($0.serial) \($0.notAfter)\n" }.joined()
    }
}
