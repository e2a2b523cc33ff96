import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Tenancy

extension AuthenticationMethods {
    func getSelf(_ request: GetSelfRequest, _ context: CallContext) async throws -> GetSelfResponse {
        let caller = try context.requireCaller()
        var response = GetSelfResponse()
        response.userID = caller.userID.description
        guard let tenant = caller.tenantID else {
            let rows = try await directory.read(OperatorTable.find(caller.userID), deadline: context.deadline)
            guard let row = rows.first else { throw IdentityError.sessionInvalid }
            let found = try OperatorRow(row)
            response.email = found.email
            response.displayName = found.displayName
            return response
        }
        let rows = try await tenantData.read(
            tenant, SelfQuery.user(caller.userID), SelfQuery.roleNames(of: caller.userID),
            purpose: .getSelf,
            deadline: context.deadline)
        guard let user = rows[0].first else { throw IdentityError.sessionInvalid }
        response.email = try user.string(0)
        response.displayName = try user.string(1)
        response.settings = PersonalSettings(
            languageCode: try user.optionalString(2), timeZone: try user.optionalString(3),
            digest: try user.optionalInt64(4).map { DigestFrequency(rawValue: Int32(clamping: $0)) })
        response.workspace = caller.workspace
        response.roleNames = try rows[1].map { try $0.string(0) }
        let policy = try await policies.snapshot(of: tenant, minEpoch: caller.policyEpoch)
        if let access = policy.access(of: caller) {
            response.grants = EffectiveGrant.all(of: access, on: catalogue, policy.model)
        }
        return response
    }
}

private enum SelfQuery {
    private static let userByID = Statement(
        "SELECT email, display_name, language_code, time_zone, digest::bigint FROM {schema}.users WHERE id = $1 AND deleted_at IS NULL"
    )

    static func user(_ id: UserID) -> Query {
        Query(userByID) { $0.append(id.id) }
    }

    private static let rolesOfUser = Statement(
        """
        SELECT r.display_name FROM {schema}.users u JOIN {schema}.roles r ON r.id = ANY (u.role_ids)
        WHERE u.id = $1 AND r.deleted_at IS NULL ORDER BY r.display_name
        """)

    static func roleNames(of id: UserID) -> Query {
        Query(rolesOfUser) { $0.append(id.id) }
    }
}

extension EffectiveGrant {
    /// What somebody may do with each kind of records, those that the workspace has defined among them, and with the settings: by the actions that
    /// methods ask for.
    static func all(of access: UserAccess, on catalogue: RoleCatalogue, _ model: TenantModel) -> [EffectiveGrant] {
        let objects = catalogue.permissions.objects.map { ($0.name, $0.actions) }
        let own = model.objects.map { ($0.object, Action.all) }
        return (objects + own).flatMap { object, actions in
            Action.asked.filter(actions.contains).compactMap { EffectiveGrant(access.object(object), $0) }
        }
    }

    /// Nil when the action is not allowed at all.
    private init?(_ access: ObjectAccess, _ action: Action) {
        let scope = access.scope(action)
        guard scope > .none else { return nil }
        let explanation = access.explain(action, ownership: .owned, owner: nil, unit: nil)
        self.init()
        object = access.name
        self.action = action.name
        self.scope = "\(scope)"
        roleNames = Set(explanation.contributions.filter { $0.grant.scope == scope }.map(\.role)).sorted()
    }
}
