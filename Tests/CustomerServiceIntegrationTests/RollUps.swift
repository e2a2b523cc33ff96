import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestPostgres
import TestService

/// What tests of roll-ups do.
enum RollUps {
    static func field(
        _ object: String, _ number: Int64, _ name: String, _ kind: TenantField.Kind, _ rollUp: TenantRollUp,
        lengthMax: Int? = nil
    ) -> TenantField {
        TenantField(object: object, number: number, name: name, kind: kind, lengthMax: lengthMax, rollUp: rollUp)
    }

    static func values(_ fields: [CustomField]) -> [String: CustomField] {
        Dictionary(fields.map { ($0.name ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    static func keeper(_ service: TestService) -> ReckoningKeeper {
        ReckoningKeeper(service.engine, doing: Account.entry.methods.update, sources: [], service.postgres.logger)
    }

    /// Does all that is to be done.
    @discardableResult
    static func settle(_ service: TestService) async throws -> Int {
        let keeper = keeper(service)
        var steps = 0
        while try await keeper.step(service.tenant.id, timeout: .seconds(60)) == .advanced { steps += 1 }
        return steps
    }
}
