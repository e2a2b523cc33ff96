import AccessControl
import IdentityContracts
import RPC
import Records
import Tenancy

extension AuthenticationMethods {
    /// The fields of a user that are his own to set.
    static let personalFields = ["language_code", "time_zone", "digest"]

    /// The user's record is changed by the write path of all records, as a program: his roles need not let him change users.
    func updateSelf(_ request: UpdateSelfRequest, _ context: CallContext) async throws -> UpdateSelfResponse {
        let user = try context.requireTenantActor()
        guard let id = user.userID else { throw IdentityError.sessionInvalid }
        let sent = request.settings ?? PersonalSettings()
        let names = try Self.names(request.updateMask, sent)
        let program = TenantActor(user.tenantID, purpose: .updateSelf, onBehalfOf: nil)
        let changed = try await engine.transaction(
            as: program, doing: AuthenticationServiceMethods.updateSelf, deadline: context.deadline,
            requestID: context.requestID, logger: context.logger
        ) { transaction in
            transaction.author = user.actor
            let record = try await transaction.load(users, id: id.id.text, for: .update)
            var value = record.value(User.self)
            if names.contains("language_code") { value.languageCode = sent.languageCode }
            if names.contains("time_zone") { value.timeZone = sent.timeZone }
            if names.contains("digest") { value.digest = sent.digest }
            do {
                return transaction.present(try await transaction.update(record, to: value, by: .caller), as: User.self)
            } catch let error as RPCError where !error.fieldViolations.isEmpty {
                throw error.within("settings")
            }
        }
        return UpdateSelfResponse(settings: PersonalSettings(changed))
    }

    private static func names(_ mask: [String], _ sent: PersonalSettings) throws -> [String] {
        guard !mask.isEmpty else {
            let given = [sent.languageCode != nil, sent.timeZone != nil, sent.digest != nil]
            return zip(personalFields, given).filter(\.1).map(\.0)
        }
        for (index, name) in mask.enumerated() where !personalFields.contains(name) {
            throw IdentityError.settingUnknown(known: personalFields, field: "update_mask[\(index)]")
        }
        return mask
    }
}

extension PersonalSettings {
    init(_ user: User) { self.init(languageCode: user.languageCode, timeZone: user.timeZone, digest: user.digest) }
}
