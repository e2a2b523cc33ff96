import CustomerContracts
import TestService

extension TestService {
    @discardableResult
    func link(_ account: Account, _ contact: Contact, primary: Bool? = nil) async throws -> AccountContact {
        try await create(AccountContact(accountID: account.id, contactID: contact.id, primaryContact: primary))
    }

    /// The living links, by id.
    func living() async throws -> [String: AccountContact] {
        let links = try await list(AccountContact.self)
        return Dictionary(links.map { ($0.id ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }
}
