import Contracts
import CustomerService
import IdentityService
import ProvisionerService
import SalesService
import ServiceHost
import Tenancy

Program(.provisioner, contracts: .shared).run(settings: ProvisionerSettings.init) { host, settings in
    try await ProvisionerService.offer(
        host, settings,
        streams: [IdentityMigrations.tenantStream, CustomerMigrations.stream, SalesMigrations.stream],
        definitions: [CustomerService.definition, SalesService.definition])
}
