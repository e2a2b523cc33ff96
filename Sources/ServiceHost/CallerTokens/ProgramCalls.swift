import Records
package import Tenancy
import Work

/// For what programs call others without a session, and which do. Whatever is not written here is refused: by identity, which states who calls,
/// and by whoever is called.
package enum ProgramCalls {
    /// Who calls for a purpose.
    static let callers: [Purpose: Set<ServiceName>] = [
        .changeFieldKind: [.identity], .defineFields: [.identity], .handOver: [.identity], .mergeChoices: [.identity],
        .mirrorRecords: Set(Installation.current.recordServices),
        .exchangeRollUps: Set(Installation.current.recordServices),
    ]

    /// Those that work for the workspace itself, and have no rights on records of their own. Identity gives others a proof of those that they call for.
    private static let ofWorkspaces: Set<Purpose> = [.changeFieldKind, .exchangeRollUps, .mirrorRecords]

    static func isOfWorkspaces(_ purpose: Purpose) -> Bool { ofWorkspaces.contains(purpose) }

    /// The purpose of this name if a program may call another one for it, for a workspace itself.
    package static func purpose(
        _ name: String?, from program: ServiceName, to audience: ServiceName
    ) -> Purpose? {
        guard let purpose = ofWorkspaces.first(where: { $0.name == name }), let callers = callers[purpose],
            callers.contains(program), callers.contains(audience), program != audience,
            Topology.callers(of: audience).contains(program)
        else { return nil }
        return purpose
    }
}
