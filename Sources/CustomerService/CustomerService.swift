import Contracts
package import ServiceHost

/// Accounts, contacts and what happens with them.
package enum CustomerService {
    package static let definition = ServiceDefinition(
        CustomerMigrations.stream,
        records: [
            .init(AccountRecord.type, AccountServiceMethods.all),
            .init(ContactRecord.type, ContactServiceMethods.all),
            .init(AccountContactRecord.type, AccountContactServiceMethods.all),
            .init(ActivityRecord.type, ActivityServiceMethods.all),
        ])
}
