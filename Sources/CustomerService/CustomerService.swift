import Contracts
import Records
package import ServiceHost
import Tenancy

/// Accounts, contacts, leads and what happens with them, and the records of objects that workspaces define.
package enum CustomerService {
    package static let definition = ServiceDefinition(
        CustomerMigrations.stream,
        records: [
            AccountRecord.type, ContactRecord.type, AccountContactRecord.type, ActivityRecord.type, LeadRecord.type,
            CustomRecord.type,
        ],
        mirroredBy: [MirrorFeed(AccountRecord.type, to: .sales)], purgesDeleted: true, isSearched: true)
}
