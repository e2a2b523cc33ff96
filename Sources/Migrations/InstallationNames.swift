package import Tenancy

/// The names of the database logins of an installation.
package enum InstallationNames {
    /// Owns the schemas, makes roles, runs migrations.
    package static let provisioner = "steward_provisioner"

    /// Schema of the tables that know of every tenant.
    package static let directory = "directory"

    /// The login by which a service reaches the tenants of one partition.
    package static func login(_ service: ServiceName, partition: Int) -> String {
        "steward_\(service.rawValue)_\(partition)"
    }
}
