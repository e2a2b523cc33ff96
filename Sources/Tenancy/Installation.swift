/// The programs of an installation, as `installation.txt` lists them: what is the same wherever Steward is installed.
package struct Installation: Sendable {
    /// A line of the table.
    package struct Program: Sendable {
        package let name: ServiceName
        /// Where it takes calls in a plain installation.
        package let port: Int
        /// The programs that it calls.
        package let calls: [ServiceName]
        /// What the names of the services begin with that it offers to clients, as in `steward.customer.v1.`.
        package let packages: [String]
        /// What it is, in the words of those who use it; begins a sentence.
        package let purpose: String
    }

    /// What is wrong with a table.
    package struct Problem: Error, Equatable, CustomStringConvertible {
        package let line: Int
        package let text: String

        package var description: String { "installation.txt, line \(line): \(text)" }
    }

    /// In the order of the table.
    package let programs: [Program]

    /// The table that this program was built with.
    package static let current: Installation = {
        do {
            return try Installation(text: String(decoding: PackageResources.installation_txt, as: UTF8.self))
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// Reads a table: a line of six columns for each program; `#` begins a comment.
    package init(text: String) throws(Problem) {
        var lines: [Line] = []
        for (index, text) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !text.allSatisfy({ $0 == " " }), text.first != "#" else { continue }
            let line = try Line(text, number: index + 1)
            guard !lines.contains(where: { $0.conflicts(with: line) }) else {
                throw line.problem("another program has its name, port or schema")
            }
            lines.append(line)
        }
        var programs: [Program] = []
        for line in lines {
            var calls: [ServiceName] = []
            for name in line.calls {
                guard let called = lines.first(where: { $0.name.rawValue == name }), called.name != line.name else {
                    throw line.problem("it cannot call \(name), which is no other program")
                }
                calls.append(called.name)
            }
            let packages = ([line.name.rawValue] + line.further).map { "steward.\($0).v1." }
            programs.append(
                Program(name: line.name, port: line.port, calls: calls, packages: packages, purpose: line.purpose))
        }
        self.programs = programs
    }

    /// A program that is in the table.
    package subscript(name: ServiceName) -> Program {
        guard let program = programs.first(where: { $0.name == name }) else {
            preconditionFailure("\(name) is not in installation.txt")
        }
        return program
    }

    /// The program that offers a service to clients, by its full name; nil for one that none offers.
    package func program(offering service: String) -> ServiceName? {
        programs.first { $0.packages.contains(where: service.hasPrefix) }?.name
    }

    /// Those that keep data of tenants, each in schemas of its own.
    package var dataServices: [ServiceName] { programs.map(\.name).filter { $0.schemaSuffix != nil } }

    /// Those of them that have the rights of users from identity, which has them at the source.
    package var recordServices: [ServiceName] {
        dataServices.filter { self[$0].calls.contains(where: { $0.rawValue == "identity" }) }
    }

    /// The programs that call a program.
    package func callers(of name: ServiceName) -> Set<ServiceName> {
        Set(programs.filter { $0.calls.contains(name) }.map(\.name))
    }
}

/// A line as it is written: programs that it calls may come later.
private struct Line {
    let number: Int
    let name: ServiceName
    let port: Int
    let calls: [String]
    let further: [String]
    let purpose: String

    /// Metrics and health are ten ports further on.
    private static let ports = 1_024...65_525

    init(_ text: Substring, number: Int) throws(Installation.Problem) {
        let columns = text.split(separator: " ", maxSplits: 5)
        guard columns.count == 6 else {
            throw Installation.Problem(line: number, text: "it has program, port, schema, calls, further and purpose")
        }
        let name = String(columns[0])
        guard Self.isPlain(name) else {
            throw Installation.Problem(line: number, text: "\(name) is not of the letters a to z")
        }
        guard let port = Int(columns[1]), Self.ports.contains(port) else {
            throw Installation.Problem(line: number, text: "\(columns[1]) is no port from 1024 to 65525")
        }
        let schema = columns[2] == "-" ? nil : String(columns[2])
        guard schema.map({ Self.isPlain($0) && $0.utf8.count == 2 }) != false else {
            throw Installation.Problem(line: number, text: "\(columns[2]) is not two letters from a to z, or -")
        }
        self.number = number
        self.name = ServiceName(name, schemaSuffix: schema)
        self.port = port
        calls = columns[3] == "-" ? [] : columns[3].split(separator: ",").map(String.init)
        further = columns[4] == "-" ? [] : columns[4].split(separator: ",").map(String.init)
        guard further.allSatisfy(Self.isPlain) else {
            throw Installation.Problem(line: number, text: "\(columns[4]) are not packages of the letters a to z, or -")
        }
        purpose = columns[5].drop { $0 == " " }.description
    }

    func conflicts(with other: Line) -> Bool {
        name.rawValue == other.name.rawValue || [0, 10].contains(abs(port - other.port))
            || name.schemaSuffix != nil && name.schemaSuffix == other.name.schemaSuffix
    }

    func problem(_ text: String) -> Installation.Problem { .init(line: number, text: "\(name): \(text)") }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    }
}
