import CustomerContracts
import Records
import Tenancy

/// What is kept here of accounts, for lists of deals by their accounts.
enum AccountMirror {
    static let type = RecordType(
        mirroring: Account.self, of: .customer,
        fields: [
            .field("display_name", .line(200), .indexed, .foundByPart),
            .field("industry", .line(100)),
            .field("region", .line(100)),
            .field("country_code", .format(.country)),
        ])
}
