import AccessControl
import Contracts
import RPC
import Records
import Tenancy
import TestService
import Testing

@testable import CustomerService

/// Customers with a tenant of their own.
struct Customers: Sendable {
    let service: TestService

    static func run(
        from number: Int? = nil, old: @escaping @Sendable (Customers) async throws -> Void = { _ in },
        _ body: @escaping @Sendable (Customers) async throws -> Void
    ) async throws {
        try await TestService.run(
            CustomerService.definition, from: number, old: { try await old(Customers(service: $0)) },
            { try await body(Customers(service: $0)) })
    }

    func accounts(as user: UserID? = nil) -> AccountServiceClient {
        AccountServiceClient(channel: service.channel(as: user))
    }

    func contacts(as user: UserID? = nil) -> ContactServiceClient {
        ContactServiceClient(channel: service.channel(as: user))
    }

    func links(as user: UserID? = nil) -> AccountContactServiceClient {
        AccountContactServiceClient(channel: service.channel(as: user))
    }

    func activities() -> ActivityServiceClient { ActivityServiceClient(channel: service.channel()) }

    func make(_ account: Account, as user: UserID? = nil) async throws -> Account {
        try #require(try await accounts(as: user).createAccount(CreateAccountRequest(account: account)).account)
    }

    func make(_ contact: Contact) async throws -> Contact {
        try #require(try await contacts().createContact(CreateContactRequest(contact: contact)).contact)
    }

    @discardableResult
    func link(_ account: Account, _ contact: Contact, primary: Bool? = nil) async throws -> AccountContact {
        try #require(
            try await links().createAccountContact(
                CreateAccountContactRequest(
                    accountContact: AccountContact(
                        accountID: account.id, contactID: contact.id, primaryContact: primary))
            ).accountContact)
    }

    /// The living links, by id.
    func living() async throws -> [String: AccountContact] {
        let page = try await links().listAccountContacts(ListAccountContactsRequest())
        return Dictionary(page.accountContacts.map { ($0.id ?? "", $0) }, uniquingKeysWith: { first, _ in first })
    }

    func delete(_ contact: Contact, as user: UserID? = nil) async throws {
        _ = try await contacts(as: user).deleteContact(DeleteContactRequest(id: contact.id))
    }

    func delete(_ account: Account) async throws {
        _ = try await accounts().deleteAccount(DeleteAccountRequest(id: account.id))
    }

    func restore(_ contact: Contact) async throws {
        _ = try await contacts().restoreContact(RestoreContactRequest(id: contact.id))
    }

    func restore(_ account: Account) async throws {
        _ = try await accounts().restoreAccount(RestoreAccountRequest(id: account.id))
    }
}
