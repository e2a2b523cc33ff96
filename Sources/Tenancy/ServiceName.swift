/// A program of an installation. `Installation` lists them.
package struct ServiceName: Hashable, Sendable, CustomStringConvertible {
    /// As in `identity`.
    package let rawValue: String
    /// The two letters that end the names of its tenants' schemas; nil for a program that keeps no data of tenants.
    package let schemaSuffix: String?

    /// For tables of programs; `init(rawValue:)` finds one of this installation.
    package init(_ rawValue: String, schemaSuffix: String?) {
        self.rawValue = rawValue
        self.schemaSuffix = schemaSuffix
    }

    /// Nil when this installation has no such program.
    package init?(rawValue: String) {
        guard let known = ServiceName.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
        self = known
    }

    /// The program that a certificate with this DNS name stands for; nil for any other name.
    package init?(peerName: String) {
        guard let known = ServiceName.allCases.first(where: { $0.peerName == peerName }) else { return nil }
        self = known
    }

    /// The DNS name in the certificate by which the program proves to its peers who it is.
    package var peerName: String { "\(rawValue).steward.internal" }

    package var description: String { rawValue }

    /// A name is one program's.
    package func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension ServiceName: CaseIterable {
    package static let allCases = Installation.current.programs.map(\.name)

    /// Those that keep data of tenants, each in schemas of its own.
    package static let dataServices = Installation.current.dataServices
}

// Those that others speak of. A program that only its own module names is declared there.
extension ServiceName {
    package static let gateway = listed("gateway")
    package static let identity = listed("identity")
    package static let customer = listed("customer")
    package static let sales = listed("sales")
    package static let provisioner = listed("provisioner")

    /// A program of the table.
    package static func listed(_ name: String) -> ServiceName {
        guard let listed = ServiceName(rawValue: name) else {
            preconditionFailure("\(name) is not in installation.txt")
        }
        return listed
    }
}
